"""Cuts a text into passages that a model takes whole, along its structure.

Blocks (paragraphs, fenced code) stay together as long as they fit. One that does not is cut between lines and
sentences, and a sentence that does not fit near its middle, between words where there are any. Only where a block is
cut do passages overlap, so that what stands at the cut is found from either side.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

# Where a sentence or a line ends; of a decimal point or a file's name no space follows.
_SENTENCE_END = re.compile(r"[.!?][\"')\]]*\s+|[。！？]|\n+")
_FENCES = ("```", "~~~")
# An eighth: a sentence or two of a passage of 160 tokens.
_OVERLAP_SHARE = 8
# A word that a model does not know may be one token however long it is. English has 4 to 5 characters to a token.
_CHARACTERS_PER_TOKEN = 8


class Passage(NamedTuple):
    """A part of a text.

    Attributes:
        start: Where it begins, in characters.
        end: Where it ends, exclusive.
    """

    start: int
    end: int


class Measure:
    """How large parts of a text are.

    Args:
        text: The text.
        most: Most tokens of a passage.
        count_tokens: Tokens of a text.
    """

    def __init__(self, text: str, most: int, count_tokens: Callable[[str], int]) -> None:
        self._text, self._most, self._count_tokens = text, most, count_tokens

    def fits(self, start: int, end: int, share: int = 1) -> bool:
        """Whether a part fits into a passage, or a share of one."""
        most = self._most // share
        return end - start <= most * _CHARACTERS_PER_TOKEN and self._count_tokens(self._text[start:end]) <= most


def passages(text: str, spans: Sequence[Passage], most: int, count_tokens: Callable[[str], int]) -> list[Passage]:
    """The passages of a text; every character of the spans but white space between passages is in one.

    Args:
        text: The text.
        spans: The parts of it that are looked at, in order, not overlapping.
        most: Most tokens of a passage; a single character may have more.
        count_tokens: Tokens of a text.
    """
    measure = Measure(text, most, count_tokens)
    found = [passage for span in spans for passage in _of_span(text, span, measure)]
    return [stripped for passage in found if (stripped := _stripped(text, passage)).start < stripped.end]


def _of_span(text: str, span: Passage, measure: Measure) -> Iterator[Passage]:
    """Packs whole blocks together."""
    start = end = span.start
    for block in _blocks(text, span):
        if end > start and measure.fits(start, block.end):
            end = block.end
            continue
        if end > start:
            yield Passage(start, end)
        start = end = block.start
        if measure.fits(*block):
            end = block.end
        else:
            yield from _cut(text, block, measure)
            start = end = block.end
    if end > start:
        yield Passage(start, end)


def _blocks(text: str, span: Passage) -> Iterator[Passage]:
    """Paragraphs with the blank lines behind them, and fenced code."""
    start = position = span.start
    fence = ""
    for line in text[span.start : span.end].splitlines(keepends=True):
        stripped = line.strip()
        opens = not fence and stripped[:3] in _FENCES
        closes = bool(fence) and stripped == fence
        if opens and position > start:
            yield Passage(start, position)
            start = position
        fence = stripped[:3] if opens else "" if closes else fence
        position += len(line)
        if closes or (not fence and not stripped):
            yield Passage(start, position)
            start = position
    if position > start:
        yield Passage(start, position)


def _cut(text: str, block: Passage, measure: Measure) -> Iterator[Passage]:
    """The passages of a block that is too large: as many pieces as fit, small ones at the cut on both sides of it."""
    pieces = [piece for sentence in _sentences(text, block) for piece in _pieces(text, sentence, measure)]
    first = 0
    while first < len(pieces):
        last = first
        while last + 1 < len(pieces) and measure.fits(pieces[first].start, pieces[last + 1].end):
            last += 1
        yield Passage(pieces[first].start, pieces[last].end)
        following = last + 1
        if following == len(pieces):
            return
        while (
            following - 1 > first
            and measure.fits(pieces[following - 1].start, pieces[last].end, _OVERLAP_SHARE)
            and measure.fits(pieces[following - 1].start, pieces[last + 1].end)
        ):
            following -= 1
        first = following


def _sentences(text: str, block: Passage) -> Iterator[Passage]:
    start = block.start
    for found in _SENTENCE_END.finditer(text, block.start, block.end):
        yield Passage(start, found.end())
        start = found.end()
    if start < block.end:
        yield Passage(start, block.end)


def _pieces(text: str, sentence: Passage, measure: Measure) -> Iterator[Passage]:
    """A sentence, or one that does not fit in pieces that are small enough to overlap."""
    if measure.fits(*sentence):
        yield sentence
    else:
        yield from _halves(text, sentence, measure)


def _halves(text: str, part: Passage, measure: Measure) -> Iterator[Passage]:
    if part.end - part.start == 1 or measure.fits(*part, _OVERLAP_SHARE):
        yield part
        return
    middle = (part.start + part.end) // 2
    space = text.find(" ", middle, part.end - 1)
    cut = space + 1 if 0 <= space < middle + (part.end - middle) // 2 else middle
    yield from _halves(text, Passage(part.start, cut), measure)
    yield from _halves(text, Passage(cut, part.end), measure)


def _stripped(text: str, passage: Passage) -> Passage:
    """Without the white space at its ends."""
    found = text[passage.start : passage.end]
    start = passage.start + len(found) - len(found.lstrip())
    return Passage(start, max(start, passage.end - len(found) + len(found.rstrip())))
