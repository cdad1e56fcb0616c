"""Which parts of a message are embedded: what was said wholly, the output of tools as a sample.

A tool's output may be a log of a megabyte. What it is about stands at its beginning, how it ended at its end, and what
went wrong in lines that say so; the rest is found by its words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from schemas.records import SearchableMessage
from streams.embed.passages import Passage

# Some 250 tokens each: two passages of the smallest model.
_HEAD_CHARACTERS = _TAIL_CHARACTERS = 1_000
_MOST_ERROR_LINES = 8
_LONGEST_ERROR_LINE = 300
_ERROR = re.compile(r"\b(?:error|exception|failed|failure|fatal|panic|denied|refused|not found)\b", re.IGNORECASE)
_OUTPUTS = ("toolResult", "bashExecution")


def is_output(message: SearchableMessage) -> bool:
    """Whether it is what a tool brought, not what somebody said."""
    return message["role"] in _OUTPUTS


def embedded_spans(message: SearchableMessage) -> list[Passage]:
    """The parts of a message's text that are embedded, in order.

    None of what is inherited, which is found in the session that it comes from, and none of a message that only calls
    tools: what the call was about is said in the turn before, and its arguments are found by their words.
    """
    text = message["text"]
    if message["inherited"] or not text.strip():
        return []
    if not is_output(message) or len(text) <= _HEAD_CHARACTERS + _TAIL_CHARACTERS:
        return [Passage(0, len(text))]
    return list(_sampled(text))


def _sampled(text: str) -> Iterator[Passage]:
    head = _line_end(text, _HEAD_CHARACTERS)
    tail = max(head, text.rfind("\n", len(text) - 2 * _TAIL_CHARACTERS, len(text) - _TAIL_CHARACTERS) + 1)
    tail = max(tail, len(text) - 2 * _TAIL_CHARACTERS)
    yield Passage(0, head)
    yield from _error_lines(text, head, tail)
    if tail < len(text):
        yield Passage(tail, len(text))


def _line_end(text: str, position: int) -> int:
    """The end of the line at a position, unless it is far away."""
    found = text.find("\n", position, 2 * position)
    return found + 1 if found >= 0 else min(2 * position, len(text))


def _error_lines(text: str, start: int, end: int) -> Iterator[Passage]:
    """The first lines that tell of an error; of a long line its beginning."""
    position, found = start, 0
    while found < _MOST_ERROR_LINES and (match := _ERROR.search(text, position, end)):
        begins = max(position, text.rfind("\n", position, match.start()) + 1, match.end() - _LONGEST_ERROR_LINE)
        newline = text.find("\n", match.end(), begins + _LONGEST_ERROR_LINE)
        position = min(end, newline + 1 if newline >= 0 else begins + _LONGEST_ERROR_LINE)
        found += 1
        yield Passage(begins, position)
