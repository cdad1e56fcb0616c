"""Parent of one process: starts it detached, keeps its output in a file of bounded size, and reaps it.

Run as a script (`python -I -S keeper.py LOG MAX_BYTES BACKUPS UID GID once|always -- COMMAND…`): it prints a pid and
goes to the background. With `once` the pid is that of the process. With `always` it is the keeper's own: a process that
ends by itself is started again, and SIGTERM to the keeper is passed on and ends both. It imports next to nothing, so it
costs a few MiB; processes that print to it need no log files of their own. UID and GID are -1 to stay who we are.

Once its working folder was deleted, which lies in the data folder, it ends the process and itself: with that folder
went the record by which anybody could stop it.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from itertools import chain, repeat

CHUNK_BYTES = 65536
# Soon, because work waits; less often where it does not help.
FIRST_RESTART_S = 1.0
LONGEST_RESTART_S = 30.0
# What ran for so long had started well: the next restart comes soon again.
STEADY_S = 60.0
# How often it looks for its folder: as long as a process that was asked to end may take for it.
LOOK_S = 20.0
# A wrong command line or setting, which starting again does not mend (`cli.exits`).
USAGE_STATUS = 2


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
        try:
            self._write(data)
        except OSError:
            # A full disk must not stop the process: its output is lost, its work is not.
            return

    def _write(self, data: bytes) -> None:
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


def start(command: list[str], *, own_session: bool) -> tuple[int, int]:
    """Starts `command`; returns its pid and the end of the pipe that its output comes from."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writer)
        return pid, reader
    if own_session:
        os.setsid()
    for number in (signal.SIGPIPE, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(writer, 1)
    os.dup2(writer, 2)
    try:
        os.execvp(command[0], command)  # noqa: S606
    except OSError as error:
        os.write(2, f"{command[0]}: {error.strerror}\n".encode())
    os._exit(127)


def pump(reader: int, log: RotatingLog) -> None:
    """Copies output to the log until the process and its children have closed it."""
    while chunk := os.read(reader, CHUNK_BYTES):
        log.write(chunk)


def reap(pid: int, reader: int, log: RotatingLog) -> int:
    """Waits for the end of a process and logs it; returns its exit status."""
    pump(reader, log)
    os.close(reader)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    log.write(f"[ended with status {status}]\n".encode())
    return status


class Supervisor:
    """Runs a command, and again whenever it ends by itself."""

    def __init__(self, command: list[str], log: RotatingLog) -> None:
        self.command = command
        self.log = log
        self.pid = 0
        self.stopping = threading.Event()

    def stop(self, number: int, frame: object = None) -> None:
        """Passes a signal on, for good."""
        self.stopping.set()
        with suppress(ProcessLookupError):
            if self.pid:
                os.kill(self.pid, number)

    def run(self) -> None:
        """Runs until a signal, or until the command's own usage is wrong."""
        delay = FIRST_RESTART_S
        while not self.stopping.is_set():
            begun = time.monotonic()
            # In the keeper's session: who kills the keeper's group kills both.
            self.pid, reader = start(self.command, own_session=False)
            if self.stopping.is_set():  # since before the pid was known
                self.stop(signal.SIGTERM)
            status = reap(self.pid, reader, self.log)
            self.pid = 0
            if status == USAGE_STATUS:
                return
            if time.monotonic() - begun > STEADY_S:
                delay = FIRST_RESTART_S
            self.stopping.wait(delay)
            delay = min(2 * delay, LONGEST_RESTART_S)


def end_with_folder(end: Callable[[int], None]) -> None:
    """Looks now and then, from a signal's handler, whether the working folder still is.

    Args:
        end: Sends a signal to the process; called with SIGTERM once the folder is gone, then with SIGKILL.
    """
    signals = chain([signal.SIGTERM], repeat(signal.SIGKILL))

    def look(number: int, frame: object) -> None:
        try:
            os.getcwd()
        except FileNotFoundError:
            end(next(signals))

    signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, LOOK_S, LOOK_S)


def end_group(pid: int, number: int) -> None:
    """Sends a signal to a process and its children."""
    with suppress(ProcessLookupError):
        os.killpg(pid, number)


def detach() -> None:
    """Lets go of the standard streams: whoever started the keeper waits for their end."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)


def main(arguments: list[str]) -> None:
    """Entry point of the script."""
    path, max_bytes, backups, uid, gid, times, _, *command = arguments
    if os.fork():
        os._exit(0)
    os.setsid()
    if int(uid) >= 0:
        drop_to(int(uid), int(gid))
    log = RotatingLog(path, int(max_bytes), int(backups))
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    if times == "always":
        supervisor = Supervisor(command, log)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, supervisor.stop)
        end_with_folder(supervisor.stop)
        os.write(1, f"{os.getpid()}\n".encode())
        detach()
        supervisor.run()
        return
    pid, reader = start(command, own_session=True)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    end_with_folder(partial(end_group, pid))
    os.write(1, f"{pid}\n".encode())
    detach()
    reap(pid, reader, log)


if __name__ == "__main__":
    main(sys.argv[1:])
