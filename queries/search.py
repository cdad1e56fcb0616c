"""Finds messages by their words and by what they mean, best first."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from queries.distinct import distinct
from queries.filters import Filters
from queries.fusion import Fused
from queries.hits import Hit, hit
from queries.query_language import Query, parse_query
from queries.ranking import DEEPEST, Mode, Ranking, ranked
from queries.stores import Stores, answered
from sessiontrack.cursors import decode_cursor, encode_cursor
from sessiontrack.errors import UsageError
from sessiontrack.settings import Settings

# No person reads a thousandth hit.
MOST_HITS = DEEPEST
_CURSOR = "search"
_MARKERS = ("<em>", "</em>")


@dataclass(frozen=True, slots=True)
class SearchPage:
    """What a search found.

    Attributes:
        hits: Best first.
        mode: How it was searched in the end.
        notes: What was not as it should be, such as that meaning could not be searched; for people.
        next: Cursor of the page after it; None at the end.
        by_meaning_alone: Whether no message has the words, so that meaning alone has found the hits.
    """

    hits: list[Hit]
    mode: Mode
    notes: tuple[str, ...]
    next: str | None
    by_meaning_alone: bool = False


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a page begins.

    Attributes:
        as_of: When the first page was asked for, epoch milliseconds: what was written since is not in later pages.
        taken: How many of the ranking the pages before have taken.
        last: The last message that they took.
    """

    as_of: int
    taken: int = 0
    last: str | None = None


def search(
    settings: Settings,
    query: str,
    filters: Filters | None = None,
    limit: int = 10,
    *,
    mode: Mode | None = None,
    after: str | None = None,
    explain: bool = False,
    markers: tuple[str, str] = _MARKERS,
) -> SearchPage:
    """The messages that fit a query, best first.

    Pages hold together while new messages come: what was written after the first page is not in the next ones.

    Args:
        settings: Where the stores are, and who embeds.
        query: Words, "phrases in quotes", -words to leave out, and operators (`queries.query_language`).
        filters: Which messages to look at.
        limit: Most hits, 1 to 1,000.
        mode: By words, by meaning, or by both; both where there are vectors, if None.
        after: `SearchPage.next` of the page before.
        explain: Whether each hit tells why it has its place.
        markers: What stands before and after each found word of a snippet.

    Raises:
        UsageError: The query or the cursor can't be read, or the limit is out of range.
        UnavailableError: No store answers, or meaning alone was asked for and can't be searched.
    """
    if not 1 <= limit <= MOST_HITS:
        raise UsageError(f"a limit of {limit} is out of range", hint=f"Give a limit from 1 to {MOST_HITS:,}.")
    asked = parse_query(query, filters)
    place = _place(after)
    if after is not None:
        asked = _before(asked, place.as_of)

    def run(stores: Stores) -> SearchPage:
        ranking = ranked(stores, asked, mode, place.taken + limit, place.as_of)
        shown, taken = distinct(stores.text, asked, ranking.fused, _begin(ranking.fused, place), limit)
        hits = [hit(each, ranking.passages.get(each.fused.id), markers, explain=explain) for each in shown]
        following = _next(ranking, place, taken)
        return SearchPage(hits, ranking.mode, ranking.notes, following, ranking.by_meaning_alone)

    return answered(settings, run)


def _place(after: str | None) -> _Place:
    if after is None:
        return _Place(time.time_ns() // 1_000_000)
    as_of, taken, last = decode_cursor(_CURSOR, after, int, int, str)
    if not 0 < taken < MOST_HITS:
        raise UsageError("this is no cursor of search", hint="Give back what came with the page before, as it was.")
    return _Place(as_of, taken, last)


def _next(ranking: Ranking, place: _Place, taken: int) -> str | None:
    if not 0 < taken < min(len(ranking.fused), MOST_HITS):
        return None
    return encode_cursor(_CURSOR, place.as_of, taken, ranking.fused[taken - 1].id)


def _before(query: Query, as_of: int) -> Query:
    until = min(query.filters.until or as_of, as_of)
    return replace(query, filters=replace(query.filters, until=until))


def _begin(fused: Sequence[Fused], place: _Place) -> int:
    """How many are behind a place: up to the last that was taken; where it is gone, as many as were taken."""
    found = next((number for number, each in enumerate(fused, 1) if each.id == place.last), None)
    return found if found is not None else place.taken
