"""One folder for each emitter that spools, held by a lock: what a process that ended left behind is found by the next.

The system lets go of the lock when the process ends, however it ends.
"""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TextIO

from sessiontrack.folders import private_folder

_LOCK = "lock"
_SUFFIX = ".segment"


@dataclass(slots=True)
class SpoolFolder:
    """A folder that this process holds.

    Attributes:
        path: Where it is.
    """

    path: Path
    _lock: TextIO

    def segments(self) -> list[Path]:
        """Its segments, the oldest first."""
        return sorted(self.path.glob(f"*{_SUFFIX}"))

    def segment_path(self, number: int) -> Path:
        """The name of a new segment, which sorts behind those with smaller numbers."""
        return self.path / f"{number:012}{_SUFFIX}"

    def release(self) -> None:
        """Lets go of it; where it is empty it goes too."""
        if not self.segments():
            with suppress(OSError):
                (self.path / _LOCK).unlink()
                self.path.rmdir()
        self._lock.close()


class SpoolSize(NamedTuple):
    """What waits on disk.

    Attributes:
        bytes: How much.
        oldest: When the oldest segment was last written to, in epoch milliseconds; None where nothing waits.
    """

    bytes: int
    oldest: int | None


def spool_root(data_dir: Path) -> Path:
    """Where the emitters that use a data folder spool."""
    return data_dir / "spool"


def new_folder(root: Path) -> SpoolFolder:
    """A folder of one's own.

    Raises:
        OSError: It can't be made.
    """
    private_folder(root)
    while True:
        # Names sort by age, so that what is older is sent first.
        path = root / f"{time.time_ns() // 1_000_000:014}-{os.getpid()}-{os.urandom(3).hex()}"
        path.mkdir(mode=0o700)
        if folder := _hold(path):
            return folder
        # Another process took the folder for an orphan in the moment before it was locked, and removed it.


def orphans(root: Path) -> list[SpoolFolder]:
    """Takes hold of the folders of processes that are gone, the oldest first."""
    if not root.is_dir():
        return []
    held = [_hold(path) for path in sorted(root.iterdir()) if path.is_dir()]
    return [folder for folder in held if folder]


def set_aside_path(root: Path, name: str) -> Path:
    """Where an event is kept that can't be published."""
    return root / f"refused-{name}{_SUFFIX}"


def count_set_aside(root: Path) -> int:
    """How many events are kept that can't be published."""
    return sum(1 for _ in root.glob(f"refused-*{_SUFFIX}"))


def holds_orphans(root: Path) -> bool:
    """Whether processes that are gone left something to send."""
    found = orphans(root)
    waiting = any(folder.segments() for folder in found)
    for folder in found:
        folder.release()
    return waiting


def spool_size(root: Path) -> SpoolSize:
    """How much waits in all folders."""
    size, oldest = 0, None
    for path in root.glob(f"*/*{_SUFFIX}"):
        with suppress(FileNotFoundError):
            status = path.stat()
            size += status.st_size
            at = status.st_mtime_ns // 1_000_000
            oldest = at if oldest is None else min(oldest, at)
    return SpoolSize(size, oldest)


def _hold(path: Path) -> SpoolFolder | None:
    try:
        lock = (path / _LOCK).open("a", encoding="ascii")
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Who held it before may have removed it between our opening and our locking.
        if os.path.samestat(os.fstat(lock.fileno()), os.stat(path / _LOCK)):
            return SpoolFolder(path, lock)
    except (BlockingIOError, FileNotFoundError):
        pass
    lock.close()
    return None
