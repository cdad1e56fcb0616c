"""Folds what says nearly the same into one: a report that comes every morning is one hit, and not the whole page. Pure."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable

_WORD = re.compile(r"\w+")
# Words in a row that are compared as one: in nearly equal texts most of them are the same.
_RUN = 3
# Shorter texts say different things in different places: "yes, please" is an answer to many questions.
_FEWEST_WORDS = 8
# Share of equal runs. A changed number or date in a sentence of twelve words leaves seven runs of ten.
_NEARLY_EQUAL = 0.6

Fingerprint = frozenset[Hashable]


def fingerprint(text: str) -> Fingerprint | None:
    """What is compared of a text; None where it is too short to be a duplicate of another."""
    words = _WORD.findall(text.casefold())
    if len(words) < _FEWEST_WORDS:
        return None
    return frozenset(tuple(words[place : place + _RUN]) for place in range(len(words) - _RUN + 1))


def nearly_equal(one: Fingerprint, other: Fingerprint) -> bool:
    """Whether two texts say nearly the same (Jaccard index of their runs of words)."""
    return len(one & other) >= _NEARLY_EQUAL * len(one | other)


def original(candidate: Fingerprint | None, seen: Iterable[tuple[int, Fingerprint | None]]) -> int | None:
    """Which of those seen before a text nearly repeats: the number of the first; None where it is new."""
    if candidate is None:
        return None
    return next((number for number, each in seen if each is not None and nearly_equal(candidate, each)), None)
