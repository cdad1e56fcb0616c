"""Reads pieces of a file in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import BinaryIO

from producers.transcript import TranscriptPosition

# The end of what was read, compared at each read: an entry's id and time are in it.
TAIL_BYTES = 512
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


def tail(file: BinaryIO, end: int) -> bytes:
    """The `TAIL_BYTES` before a place, where the file is left to be read on."""
    start = max(0, end - TAIL_BYTES)
    file.seek(start)
    return file.read(end - start)


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
