"""The folder in which a worker keeps its state: one for each worker that runs on this machine.

RocksDB lets one process open a database. Which partitions a folder holds, and how much of them, makes no difference:
what a worker's folder lacks it reads from the changelog.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path


@contextmanager
def claimed_folder(parent: Path) -> Iterator[Path]:
    """The first folder `0`, `1`, … in `parent` that no living process has claimed, claimed until the end.

    A worker that is started again gets the folder that one of its kind left, and what is in it.

    Args:
        parent: Made if it is missing.
    """
    parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    for number in count():
        folder = parent / str(number)
        folder.mkdir(mode=0o700, exist_ok=True)
        lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            # The kernel lets go of it when the process ends, however it ends.
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        else:
            yield folder
            return
        finally:
            os.close(lock)
