"""Ranks messages by their words, by their meaning, or by both; and what to do where a store or a model is away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

from queries import opensearch
from queries.fulltext.index import FullText
from queries.fulltext.opensearch import OpenSearchText
from queries.fusion import Fused, fuse
from queries.query_language import Query
from sessiontrack.settings import Settings

Mode = Literal["text", "semantic", "hybrid"]

# So deep a search may page.
DEEPEST = 1_000
# Each half gives so many for the pages that people read: what one has far down, the other may have on top. The same
# for all of these pages, so that their ranking is the same.
_USUAL = 100
# What each ranking weighs (bench/retrieval).
_WEIGHTS = {"text": 1.0, "semantic": 1.0}


@dataclass(frozen=True, slots=True)
class Ranking:
    """What was found, best first.

    Attributes:
        fused: The messages.
        passages: Of those that meaning found, the passage that is nearest to the question.
        mode: How it was searched in the end.
        notes: What was not as it should be, for people.
    """

    fused: list[Fused]
    passages: Mapping[str, str]
    mode: Mode
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Stores:
    """Where a search looks.

    Attributes:
        settings: Who embeds, and where the vectors are.
        text: Where the words are.
        notes: What was not as it should be when they were opened.
    """

    settings: Settings
    text: FullText
    notes: tuple[str, ...] = field(default=())


@contextmanager
def opened_stores(settings: Settings) -> Iterator[Stores]:
    """The stores of a search."""
    with opensearch.connected(settings) as client:
        yield Stores(settings, OpenSearchText(client, settings.opensearch))


def ranked(stores: Stores, query: Query, mode: Mode | None, wanted: int, now: int) -> Ranking:
    """The ranking of a query.

    Args:
        stores: Where to look.
        query: What is asked.
        mode: By what; None for both where there are vectors.
        wanted: How many are to be shown, those of pages before among them.
        now: Epoch milliseconds, from which age is counted.

    Raises:
        UnavailableError: A store does not answer, or meaning alone was asked for and can't be searched.
    """
    depth = _USUAL if wanted <= _USUAL // 2 else DEEPEST
    found = {"text": stores.text.rank(query, depth)}
    return Ranking(fuse(found, _WEIGHTS, now), {}, "text", stores.notes)
