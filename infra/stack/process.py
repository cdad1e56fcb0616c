"""Detached processes with bounded logs: servers of the stack and SessionTrack's own workers alike."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil
from pydantic import BaseModel, ConfigDict

from infra.stack.account import Account
from sessiontrack.errors import UnavailableError

KEEPER = Path(__file__).with_name("keeper.py")
# Enough for a few days of a quiet server and for every line of a bad hour; three files at most for each process.
LOG_BYTES = 8 * 1024 * 1024
LOG_BACKUPS = 2
# A pid is used again only after thousands of others, which takes longer than the clock's rounding.
SAME_START_S = 2.0


class ProcessRecord(BaseModel):
    """What identifies a process that was started, also to another process and after a restart of the machine."""

    model_config = ConfigDict(frozen=True)

    name: str
    pid: int
    started: float
    """Epoch seconds; tells the process from a later one with the same pid."""
    log: Path


def spawn(
    name: str,
    argv: Sequence[str],
    env: Mapping[str, str],
    cwd: Path,
    log_path: Path,
    user: Account | None = None,
    *,
    restarted: bool = False,
) -> ProcessRecord:
    """Starts a process that outlives this one, in a session of its own, its output in a rotating log.

    Args:
        name: What it is called in records and errors.
        argv: The command, its first word a path.
        env: Its whole environment.
        cwd: Its working folder.
        log_path: Where stdout and stderr go: at most three files of 8 MiB.
        user: Who it runs as; the current user where None.
        restarted: Start it again whenever it ends by itself, unless its usage is wrong. The record is then that of its
            keeper, which passes SIGTERM on; `child` is the process itself.

    Raises:
        UnavailableError: It could not be started.
    """
    log_path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    uid, gid = (user.uid, user.gid) if user else (-1, -1)
    keeper = [
        sys.executable,
        "-I",
        "-S",
        str(KEEPER),
        str(log_path),
        str(LOG_BYTES),
        str(LOG_BACKUPS),
        str(uid),
        str(gid),
        "always" if restarted else "once",
    ]
    result = subprocess.run(
        [*keeper, "--", *argv],
        env=dict(env),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        umask=0o077,
    )
    if not result.stdout.strip().isdigit():
        raise UnavailableError(
            f"{name} could not be started: {result.stderr.strip()[-500:]}", hint=f"Its log is {log_path}."
        )
    pid = int(result.stdout)
    return ProcessRecord(name=name, pid=pid, started=_start_time(pid) or time.time(), log=log_path)


def is_alive(record: ProcessRecord) -> bool:
    """Whether that very process runs; another one with its pid does not count."""
    started = _start_time(record.pid)
    return started is not None and abs(started - record.started) < SAME_START_S


def stop(record: ProcessRecord, grace_s: float = 20.0, first: signal.Signals = signal.SIGTERM) -> None:
    """Ends a process and waits for its end; kills it and its children when `grace_s` seconds were not enough.

    Args:
        record: Which process; nothing happens where it runs no more.
        grace_s: Seconds it has to end by itself.
        first: The signal that asks it to.
    """
    if not is_alive(record):
        return
    os.kill(record.pid, first)
    if not _wait_for_end(record, grace_s):
        # `spawn` made the process the leader of its group, so this reaches its children too.
        os.killpg(record.pid, signal.SIGKILL)
        _wait_for_end(record, grace_s)


def find(variable: str, value: str) -> list[ProcessRecord]:
    """Processes that were started with a variable of that value in their environment."""
    found = []
    for candidate in psutil.process_iter():
        try:
            if candidate.environ().get(variable) == value:
                found.append(
                    ProcessRecord(name=candidate.name(), pid=candidate.pid, started=candidate.create_time(), log=Path())
                )
        except (psutil.Error, OSError):
            continue
    return found


def child(record: ProcessRecord) -> int | None:
    """The pid of the process that a keeper has started; None while there is none."""
    try:
        return next((each.pid for each in psutil.Process(record.pid).children()), None)
    except psutil.NoSuchProcess:
        return None


def resident_bytes(pid: int) -> int:
    """Memory of a process and its children, pages that they share counted once where the system tells."""
    try:
        process = psutil.Process(pid)
        return sum(_memory_of(part) for part in [process, *process.children(recursive=True)])
    except psutil.Error:
        return 0


def log_tail(record: ProcessRecord, lines: int = 15) -> str:
    """The last lines of its log."""
    try:
        with record.log.open("rb") as file:
            file.seek(max(0, record.log.stat().st_size - 16_384))
            return "\n".join(file.read().decode("utf-8", "replace").splitlines()[-lines:])
    except OSError:
        return ""


def _start_time(pid: int) -> float | None:
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else process.create_time()
    except psutil.NoSuchProcess:
        return None


def _wait_for_end(record: ProcessRecord, timeout_s: float) -> bool:
    deadline = time.monotonic() + timeout_s
    while is_alive(record):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _memory_of(process: psutil.Process) -> int:
    try:
        return int(process.memory_full_info().pss)
    except (AttributeError, psutil.AccessDenied):
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0
