"""Folders that only their owner can enter."""

from __future__ import annotations

from pathlib import Path


def private_folder(path: Path) -> Path:
    """Makes a folder and those above it where they are missing, private each of them, and returns it.

    Raises:
        OSError: It can't be made.
    """
    # `mkdir(parents=True)` gives its mode to the last folder alone.
    if not path.is_dir():
        private_folder(path.parent)
        path.mkdir(mode=0o700, exist_ok=True)
    return path
