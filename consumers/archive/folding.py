"""Leaves out of a record's content what is known without it, and fills it in again.

A hole is put only where the very bytes of what is known stand, so that filling it in gives what was there, whatever
the content is: of what nothing is known, nothing is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

# A hole takes two bytes, and shorter matches are mostly chance.
_SHORTEST = 2
# So much is looked for: what a line says beyond that is left to zstandard. Entries of thousands of values would
# otherwise take time that grows with the square of their size.
_LOOKED_FOR = 128


class Folded(NamedTuple):
    """Content with holes.

    Attributes:
        holes: Bytes of `rest` before the first hole; then for each hole the number of what is known, and the bytes of
            `rest` behind it.
        rest: All that is outside holes.
    """

    holes: Sequence[int]
    rest: bytes


def fold(content: bytes, known: Sequence[bytes]) -> Folded:
    """Folds content.

    Args:
        content: Any bytes.
        known: See `consumers.archive.known`; the first, the line, is most of the content.
    """
    line = known[0]
    # Looked for and cut out first, so that nothing else is looked for in what is most of the content.
    cut = content.find(line) if line else -1
    if cut >= 0:
        content = content[:cut] + content[cut + len(line) :]
    holes: list[int] = []
    rest: list[bytes] = []
    at = 0
    for start, end, number in _holes(content, known, cut):
        holes += (start - at, number)
        rest.append(content[at:start])
        at = end
    holes.append(len(content) - at)
    rest.append(content[at:])
    return Folded(holes, b"".join(rest))


def unfold(folded: Folded, known: Sequence[bytes]) -> bytes:
    """The content as it was.

    Raises:
        ValueError, IndexError: It was folded with other things known.
    """
    holes, rest = folded
    if len(holes) % 2 == 0 or min(holes) < 0 or sum(holes[::2]) != len(rest):
        raise ValueError("holes are not in their content")
    at = holes[0]
    parts = [rest[:at]]
    for number, gap in zip(holes[1::2], holes[2::2], strict=True):
        parts += (known[number], rest[at : at + gap])
        at += gap
    return b"".join(parts)


def _holes(content: bytes, known: Sequence[bytes], cut: int) -> Iterator[tuple[int, int, int]]:
    """Start, end and number of each hole, in order; none overlaps another, or the place where the line was cut out."""
    find = content.find
    # Ends are negative, so that the longest comes first where several begin, and the line before them all.
    found = [(cut, -len(content) - 1, 0)] if cut >= 0 else []
    for number, each in enumerate(known[1:_LOOKED_FOR], 1):
        length = len(each)
        if length < _SHORTEST:
            continue
        start = find(each)
        while start >= 0:
            found.append((start, -start - length, number))
            start = find(each, start + length)
    found.sort()
    at = 0
    for start, negative, number in found:
        end = -negative if number else start
        if start >= at and not start < cut < end:
            yield start, end, number
            at = end
