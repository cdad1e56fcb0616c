"""Bytes in the archive against the transcripts, and against gzip of them."""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from collections.abc import Iterable
from pathlib import Path

_LEVEL = 9


def gzipped_each(transcripts: Iterable[Path]) -> int:
    """Bytes of all transcripts, each in a gzip file of its own, as `gzip -9` makes them."""
    return sum(len(gzip.compress(path.read_bytes(), _LEVEL, mtime=0)) for path in transcripts)


def gzipped_together(transcripts: Iterable[Path]) -> int:
    """Bytes of `tar | gzip -9` of all transcripts."""
    counter = _Counter()
    with tarfile.open(fileobj=counter, mode="w|") as tar:
        for path in transcripts:
            tar.add(path, arcname=path.name)
    return counter.finish()


class _Counter(io.RawIOBase):
    """Counts what gzip makes of what is written."""

    def __init__(self) -> None:
        self._zlib = zlib.compressobj(_LEVEL, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
        self._size = 0

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self._size += len(self._zlib.compress(data))
        return len(data)

    def finish(self) -> int:
        """The size."""
        self._size += len(self._zlib.flush())
        return self._size
