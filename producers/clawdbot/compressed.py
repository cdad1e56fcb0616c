"""Zstandard data, decompressed in bounded memory, and cut into lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import zstandard

from sessiontrack.errors import TerminalError

# What one call is given. A block of zstd makes 128 KiB of as few as 4 bytes, so even data that was made to explode
# becomes no more than 32 MiB at a time.
_FED_BYTES = 1024
# Twice the largest entry: what is longer was made to exhaust the memory.
_LONGEST_LINE_BYTES = 128 * 1024 * 1024


def decompressed(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The content of one or several zstd frames, in pieces.

    Args:
        blocks: The compressed bytes, in pieces of any size.

    Raises:
        TerminalError: It is no zstd, or cut off.
    """
    decompressor = zstandard.ZstdDecompressor()
    frame = decompressor.decompressobj()
    begun = False
    for block in blocks:
        for start in range(0, len(block), _FED_BYTES):
            fed = block[start : start + _FED_BYTES]
            while fed:
                try:
                    piece = frame.decompress(fed)
                except zstandard.ZstdError as error:
                    raise TerminalError("it is not zstd, or damaged") from error
                if piece:
                    yield piece
                fed, begun = (frame.unused_data, False) if frame.eof else (b"", True)
                if frame.eof:
                    frame = decompressor.decompressobj()
    if begun:
        raise TerminalError("it is cut off: the zstd frame does not end")


def decompressed_row(blob: bytes) -> bytes:
    """The content of a row.

    Raises:
        TerminalError: It is no zstd, cut off, or beyond the size of any entry.
    """
    pieces, length = [], 0
    for piece in decompressed([blob]):
        length += len(piece)
        if length > _LONGEST_LINE_BYTES:
            raise TerminalError("it is longer than any entry")
        pieces.append(piece)
    return b"".join(pieces)


def lines_of(pieces: Iterable[bytes]) -> Iterator[bytes]:
    r"""Lines, each up to and including its `\n`; the last one as it stands.

    Args:
        pieces: The content, in pieces of any size.

    Raises:
        TerminalError: A line is longer than any entry.
    """
    begun: list[bytes] = []
    length = 0
    for piece in pieces:
        *complete, rest = piece.split(b"\n")
        for line in complete:
            yield b"".join([*begun, line, b"\n"])
            begun, length = [], 0
        if rest:
            begun.append(rest)
            length += len(rest)
        if length > _LONGEST_LINE_BYTES:
            raise TerminalError("a line is longer than any entry")
    if begun:
        yield b"".join(begun)
