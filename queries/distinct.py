"""Folds hits that say nearly the same: what was quoted, forwarded or printed again is one hit, not the whole page."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from queries.fulltext.index import Found, Texts
from queries.fusion import Fused
from queries.query_language import Query

_WORD = re.compile(r"\w+")
# Words in a row that are compared as one: in nearly equal texts most of them are the same.
_RUN = 3
# Shorter texts say different things in different places: "yes, please" is an answer to many questions.
_FEWEST_WORDS = 8
# What begins so is long enough to tell texts apart; a tool's output has a megabyte.
_MOST_CHARACTERS = 10_000
# Share of equal runs. One other word in a sentence of a dozen is another fact, in a page it is the same page.
_NEARLY_EQUAL = 0.8
# Read beside what is asked for, since some will be folded.
_SPARE = 10

Fingerprint = frozenset[tuple[str, ...]]


@dataclass(slots=True)
class Distinct:
    """A message that says something new.

    Attributes:
        fused: Its place.
        found: What is shown of it.
        duplicates: How many of the later ones say nearly the same.
    """

    fused: Fused
    found: Found
    duplicates: int = 0


def distinct(text: Texts, query: Query, fused: Sequence[Fused], begin: int, limit: int) -> tuple[list[Distinct], int]:
    """The messages of a page, best first: those that fulfil what is asked, each text once.

    Args:
        text: Where their texts are.
        query: What is asked.
        fused: The ranking.
        begin: How many of it are on the pages before.
        limit: Most messages.

    Returns:
        The messages, and how many of the ranking are on the pages up to this one.
    """
    shown: list[Distinct] = []
    seen: list[Fingerprint | None] = []
    taken = begin
    for each, found in _with_details(text, query, fused[begin:], limit + _SPARE):
        taken += 1
        if found is None:
            continue
        print_ = fingerprint(str(found.facts.get("text", "")))
        first = next((number for number, other in enumerate(seen) if nearly_equal(print_, other)), None)
        if first is not None:
            shown[first].duplicates += 1
            continue
        shown.append(Distinct(each, found))
        seen.append(print_)
        if len(shown) == limit:
            break
    return shown, taken


def fingerprint(text: str) -> Fingerprint | None:
    """What is compared of a text; None where it is too short to repeat another."""
    words = _WORD.findall(text[:_MOST_CHARACTERS].casefold())
    if len(words) < _FEWEST_WORDS:
        return None
    return frozenset(tuple(words[place : place + _RUN]) for place in range(len(words) - _RUN + 1))


def nearly_equal(one: Fingerprint | None, other: Fingerprint | None) -> bool:
    """Whether two texts say nearly the same: the Jaccard index of their runs of words."""
    return one is not None and other is not None and len(one & other) >= _NEARLY_EQUAL * len(one | other)


def _with_details(text: Texts, query: Query, fused: Sequence[Fused], size: int) -> Iterator[tuple[Fused, Found | None]]:
    for first in range(0, len(fused), size):
        some = fused[first : first + size]
        details = text.details(query, [each.id for each in some])
        yield from ((each, details.get(each.id)) for each in some)
