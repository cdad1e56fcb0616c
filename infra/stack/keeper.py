"""Parent of one server: starts it detached, keeps its output in a file of bounded size, and reaps it.

Run as a script (`python -I -S keeper.py LOG MAX_BYTES BACKUPS UID GID -- COMMAND…`): it prints the server's pid and
goes to the background. It imports next to nothing, so it costs a few MiB; servers that print to it need no log files of
their own. UID and GID are -1 to stay who we are.
"""

from __future__ import annotations

import os
import signal
import sys

CHUNK_BYTES = 65536


class RotatingLog:
    """A file that is renamed to `.1`, `.2`, … when it is full; the oldest one goes."""

    def __init__(self, path: str, max_bytes: int, backups: int) -> None:
        self.path = path
        self.max_bytes = max_bytes
        self.backups = backups
        self._open()

    def _open(self) -> None:
        self.file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self.size = os.fstat(self.file).st_size

    def write(self, data: bytes) -> None:
        """Appends, rotating first where `data` would not fit."""
        if self.size and self.size + len(data) > self.max_bytes:
            os.close(self.file)
            names = [self.path, *(f"{self.path}.{number}" for number in range(1, self.backups + 1))]
            for older, newer in zip(reversed(names), reversed(names[:-1]), strict=False):
                if os.path.exists(newer):
                    os.replace(newer, older)
            self._open()
        os.write(self.file, data)
        self.size += len(data)


def drop_to(uid: int, gid: int) -> None:
    """Becomes an unprivileged user for good."""
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


def start(command: list[str]) -> tuple[int, int]:
    """Starts `command` in a session of its own; returns its pid and the end of the pipe that its output comes from."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writer)
        return pid, reader
    os.setsid()
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(writer, 1)
    os.dup2(writer, 2)
    try:
        os.execvp(command[0], command)  # noqa: S606
    except OSError as error:
        os.write(2, f"{command[0]}: {error.strerror}\n".encode())
    os._exit(127)


def pump(reader: int, log: RotatingLog) -> None:
    """Copies output to the log until the server and its children have closed it."""
    while chunk := os.read(reader, CHUNK_BYTES):
        try:
            log.write(chunk)
        except OSError:
            # A full disk must not stop the server: its output is lost, its work is not.
            continue


def main(arguments: list[str]) -> None:
    """Entry point of the script."""
    path, max_bytes, backups, uid, gid, _, *command = arguments
    if os.fork():
        os._exit(0)
    os.setsid()
    if int(uid) >= 0:
        drop_to(int(uid), int(gid))
    log = RotatingLog(path, int(max_bytes), int(backups))
    pid, reader = start(command)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    os.write(1, f"{pid}\n".encode())
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    pump(reader, log)
    _, status = os.waitpid(pid, 0)
    log.write(f"[ended with status {os.waitstatus_to_exitcode(status)}]\n".encode())


if __name__ == "__main__":
    main(sys.argv[1:])
