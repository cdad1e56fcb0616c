"""Reads pieces of a file in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import BinaryIO, NamedTuple, Self

from producers.transcript import TranscriptPosition

# Of each edge of what was read, compared at each read: the header's version is in the first bytes, and a migration from
# v2 to v3 may change nothing else; an entry's id and time are in the last.
EDGE_BYTES = 512
_BLOCK_BYTES = 1024 * 1024
# A headerless file is recognised by one of its first lines; more than these are not looked at.
_FIRST_LINES = 64
_FIRST_BYTES = 16 * 1024 * 1024


def first_lines(file: BinaryIO) -> Iterator[bytes]:
    """The lines by which a transcript is recognised; an unterminated one too."""
    left = _FIRST_BYTES
    for _ in range(_FIRST_LINES):
        line = file.readline(left)
        left -= len(line)
        if not line:
            return
        yield line


class Edges(NamedTuple):
    """The first and the last `EDGE_BYTES` of what stands before a place in a file."""

    first: bytes
    last: bytes

    @classmethod
    def of(cls, file: BinaryIO, end: int) -> Self:
        """The edges of a file up to a place, where the file is left to be read on."""
        file.seek(0)
        first = file.read(min(end, EDGE_BYTES))
        file.seek(max(0, end - EDGE_BYTES))
        return cls(first, file.read(min(end, EDGE_BYTES)))

    def followed_by(self, line: bytes) -> Edges:
        """The edges with one more line."""
        first = self.first + line[: EDGE_BYTES - len(self.first)]
        return Edges(first, (self.last + line[-EDGE_BYTES:])[-EDGE_BYTES:])


def blocks(file: BinaryIO, length: int) -> Iterator[bytes]:
    """The next bytes of a file, in pieces: `length` of them, or fewer where it ends."""
    while length > 0 and (block := file.read(min(length, _BLOCK_BYTES))):
        length -= len(block)
        yield block


def is_whole(file: BinaryIO, position: TranscriptPosition) -> bool:
    """Whether the file is just what a position covers."""
    file.seek(0)
    digest = sha256()
    for block in blocks(file, position["bytes"]):
        digest.update(block)
    return digest.hexdigest() == position["sha256"] and not file.read(1)
