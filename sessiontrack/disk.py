"""How much room a disk has, and how much of it is left to others."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import NamedTuple

# Of a small disk no more is left than this share.
_LARGEST_SHARE = 20


class DiskSpace(NamedTuple):
    """The room on one disk.

    Attributes:
        folder: Where it was asked for.
        free: Bytes that this user may still write.
        total: Bytes of the whole disk.
        reserve: Bytes that are to stay free.
    """

    folder: Path
    free: int
    total: int
    reserve: int

    @property
    def is_low(self) -> bool:
        """Whether the reserve is touched."""
        return self.free < self.reserve

    def __str__(self) -> str:
        return f"{self.free / 1024**3:,.1f} of {self.total / 1024**3:,.0f} GiB free at {self.folder}"


def disk_space(folder: Path, reserve_bytes: int) -> DiskSpace:
    """The room on a folder's disk.

    Args:
        folder: Need not exist yet: then it is the nearest one above it that does.
        reserve_bytes: What is to stay free; a twentieth of a disk where that is less.
    """
    existing = next(each for each in (folder, *folder.parents) if each.exists())
    usage = shutil.disk_usage(existing)
    return DiskSpace(existing, usage.free, usage.total, min(reserve_bytes, usage.total // _LARGEST_SHARE))
