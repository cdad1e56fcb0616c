"""The cache of unpacked and built software: a folder for each package and version, filled once, complete or absent."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

Report = Callable[[str], None]


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
    with locked(cache_dir / f".{package}.lock", lambda: report("waiting for another build")):
        if final.exists():
            return final
        draft = cache_dir / f".{package}.draft"
        shutil.rmtree(draft, ignore_errors=True)
        content = draft / "content"
        content.mkdir(parents=True)
        try:
            build(content, report)
            make_readable(content)
            content.rename(final)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    return final


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
