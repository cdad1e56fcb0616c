"""The folder of a rebuild of a store: its plan says that one has begun, its lock that the process is alive."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sessiontrack.folders import private_folder


def rebuild_folder(data_dir: Path, name: str) -> Path:
    """The folder of the rebuild of a store, there or not."""
    return data_dir / "rebuild" / name


def plan_file(folder: Path) -> Path:
    """There from the beginning of a rebuild to its end, however often it is cut."""
    return folder / "plan.json"


@contextmanager
def locked(folder: Path) -> Iterator[bool]:
    """Holds the lock of a rebuild's folder, which is made where it is missing.

    Yields:
        Whether this process has it; another one has where not.
    """
    lock = os.open(private_folder(folder) / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            # The kernel lets go of it when the process ends, however it ends.
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(lock)
