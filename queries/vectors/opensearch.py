"""Vectors in OpenSearch: filtered while the graph is searched, so that a narrow filter still fills the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from infra.opensearch.vectors import CHUNKS, SESSION_VECTORS, dataset_in
from queries.filters import Filters
from queries.opensearch import connected
from queries.search_filters import Clause, chunk_clauses, session_clauses
from queries.vectors.index import NearChunk, NearSession, check_of_sessions, check_query
from schemas.vectors import space_dimensions
from sessiontrack.settings import Settings

# How many of the nearest are looked for: more are looked through for them, so that fewer are missed. Of a million
# passages in tight clusters, and questions that lie between these, 500 finds 68 % of the ten nearest, 2,000 finds 90 %,
# 4,000 finds 95 % and takes 6 ms more, 5,000 finds 96 % (bench/search).
_EF_SEARCH = 5_000
# Where few passages fit a filter, as many more are looked through as do not: of a tenth, 5,000 takes 45 ms more than
# 500.
_EF_SEARCH_FILTERED = 1_000


class OpenSearchVectors:
    """The indexes of one space.

    Args:
        settings: Where OpenSearch is.
        space: The space.
    """

    def __init__(self, settings: Settings, space: str) -> None:
        self._settings = settings
        self._dimensions = space_dimensions(space)
        self._chunks = settings.opensearch.alias(dataset_in(space, CHUNKS))
        self._sessions = settings.opensearch.alias(dataset_in(space, SESSION_VECTORS))

    def nearest_chunks(self, vector: Sequence[float], filters: Filters, limit: int) -> list[NearChunk]:
        """The passages that lie nearest."""
        check_query(vector, self._dimensions, limit)
        found = self._search(self._chunks, _body(vector, filters, chunk_clauses(filters), limit, NearChunk.FACTS))
        return [NearChunk.of(dot_product(hit["_score"]), hit["_source"]) for hit in found["hits"]["hits"]]

    def nearest_sessions(self, vector: Sequence[float], filters: Filters, limit: int) -> list[NearSession]:
        """The sessions that lie nearest."""
        check_query(vector, self._dimensions, limit)
        check_of_sessions(filters)
        found = self._search(self._sessions, _body(vector, filters, session_clauses(filters), limit, NearSession.FACTS))
        return [NearSession.of(dot_product(hit["_score"]), hit["_source"]) for hit in found["hits"]["hits"]]

    def _search(self, index: str, body: Mapping[str, Any]) -> dict[str, Any]:
        with connected(self._settings) as client:
            answer: dict[str, Any] = client.search(index=index, body=body)
        return answer


def dot_product(score: float) -> float:
    """The dot product that OpenSearch makes a positive score of, for the space type `innerproduct`."""
    return score - 1 if score >= 1 else 1 - 1 / score


def _body(
    vector: Sequence[float], filters: Filters, clauses: Sequence[Clause], limit: int, facts: Sequence[str]
) -> dict[str, Any]:
    # Times alone leave out little, mostly: the pages after the first have one.
    is_narrow = replace(filters, since=None, until=None) != Filters()
    near: dict[str, Any] = {
        "vector": list(map(float, vector)),
        "k": limit,
        "method_parameters": {"ef_search": max(_EF_SEARCH_FILTERED if is_narrow else _EF_SEARCH, limit)},
    }
    if clauses:
        near["filter"] = {"bool": {"filter": list(clauses)}}
    return {"size": limit, "track_total_hits": False, "_source": list(facts), "query": {"knn": {"vector": near}}}
