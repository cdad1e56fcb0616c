"""The cache of unpacked and built software: a folder for each package and version, filled once, complete or absent."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

Report = Callable[[str], None]

# So often that nobody takes what is slow for what hangs, so seldom that a log of ten minutes stays on a screen.
SIGN_OF_LIFE_S = 30.0


def ensure(cache_dir: Path, package: str, build: Callable[[Path, Report], None], report: Report) -> Path:
    """The folder of a package in the cache; built when it is not there.

    A package is built in a folder beside its own and renamed when it is complete, under a lock, so that two stacks
    may share a cache and a build that was cut short leaves nothing behind that could be taken for a whole one.

    Args:
        cache_dir: The cache.
        package: Name and version, as the folder is called.
        build: Fills an empty folder.
        report: Told what is going on.
    """
    final = cache_dir / package
    if final.exists():
        return final
    lock = cache_dir / f".{package}.lock"
    with signs_of_life(report) as told, locked(lock, lambda: told("waiting for another build")):
        if final.exists():
            return final
        draft = cache_dir / f".{package}.draft"
        shutil.rmtree(draft, ignore_errors=True)
        content = draft / "content"
        content.mkdir(parents=True)
        try:
            build(content, told)
            make_readable(content)
            content.rename(final)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    return final


@contextmanager
def signs_of_life(report: Report, every_s: float = SIGN_OF_LIFE_S) -> Iterator[Report]:
    """A report that says again what was said last, and for how long that has gone on, until something new is said.

    Args:
        report: Told both.
        every_s: Seconds from one sign to the next.
    """
    ended = threading.Event()
    doing, begun = "", time.monotonic()

    def told(message: str) -> None:
        nonlocal doing, begun
        doing, begun = message, time.monotonic()
        report(message)

    def repeat() -> None:
        while not ended.wait(every_s):
            if doing and (seconds := time.monotonic() - begun) >= every_s:
                report(f"still {doing} ({seconds:.0f} s)")

    repeating = threading.Thread(target=repeat, daemon=True)
    repeating.start()
    try:
        yield told
    finally:
        ended.set()
        repeating.join()


@contextmanager
def locked(path: Path, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Holds a lock file, after `waiting` was called where somebody else does; the system frees it however we end."""
    with open(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def make_readable(folder: Path) -> None:
    """Lets every user read and run what is below a folder: the servers may run as another one."""
    for path in [folder, *folder.rglob("*")]:
        if not path.is_symlink():
            mode = path.stat().st_mode
            runs = path.is_dir() or mode & stat.S_IXUSR
            path.chmod(mode | 0o444 | (0o111 if runs else 0))
