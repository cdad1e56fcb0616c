"""Vectors in OpenSearch: filtered while the graph is searched, so that a narrow filter still fills the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from infra.opensearch.vectors import CHUNKS, SESSION_VECTORS, dataset_in
from queries.filters import Filters
from queries.opensearch import connected
from queries.search_filters import Clause, chunk_clauses, session_clauses
from queries.vectors.index import NearChunk, NearSession, check_of_sessions, check_query
from schemas.vectors import space_dimensions
from sessiontrack.settings import Settings

# How many of the nearest are looked for at least: more are looked through for them, so that fewer are missed. Of
# 100,000 passages in tight clusters, and questions that lie between these, 100 finds 86 % of the ten nearest, 200 finds
# 92 %, 500 finds 98 % and takes half a millisecond more (bench/search).
_EF_SEARCH = 500


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
        return near_chunks(self._search(self._chunks, chunks_body(vector, filters, limit)))

    def nearest_sessions(self, vector: Sequence[float], filters: Filters, limit: int) -> list[NearSession]:
        """The sessions that lie nearest."""
        check_query(vector, self._dimensions, limit)
        check_of_sessions(filters)
        found = self._search(self._sessions, _body(vector, session_clauses(filters), limit, NearSession.FACTS))
        return [NearSession.of(dot_product(hit["_score"]), hit["_source"]) for hit in found["hits"]["hits"]]

    def _search(self, index: str, body: Mapping[str, Any]) -> dict[str, Any]:
        with connected(self._settings) as client:
            answer: dict[str, Any] = client.search(index=index, body=body)
        return answer


def chunks_body(vector: Sequence[float], filters: Filters, limit: int) -> dict[str, Any]:
    """The search that finds the nearest passages, also as a part of several."""
    return _body(vector, chunk_clauses(filters), limit, NearChunk.FACTS)


def near_chunks(answer: Mapping[str, Any]) -> list[NearChunk]:
    """The passages of the answer to that search."""
    return [NearChunk.of(dot_product(hit["_score"]), hit["_source"]) for hit in answer["hits"]["hits"]]


def dot_product(score: float) -> float:
    """The dot product that OpenSearch makes a positive score of, for the space type `innerproduct`."""
    return score - 1 if score >= 1 else 1 - 1 / score


def _body(vector: Sequence[float], clauses: Sequence[Clause], limit: int, facts: Sequence[str]) -> dict[str, Any]:
    near: dict[str, Any] = {
        "vector": list(map(float, vector)),
        "k": limit,
        "method_parameters": {"ef_search": max(_EF_SEARCH, limit)},
    }
    if clauses:
        near["filter"] = {"bool": {"filter": list(clauses)}}
    return {"size": limit, "track_total_hits": False, "_source": list(facts), "query": {"knn": {"vector": near}}}
