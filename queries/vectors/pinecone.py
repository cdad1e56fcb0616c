"""Vectors in Pinecone: it narrows by what it can compare, the rest of the filters is looked at here.

A `*`, the name of a sender, and a part of a path are beyond it: with such a filter the nearest thousand are looked at,
and the page may come short.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from consumers.pinecone.index import PineconeIndex
from consumers.pinecone.vectors import folders_of, namespace_in
from queries.filters import Filters, role_named
from queries.vectors.index import MOST_NEAREST, NearChunk, NearSession, check_of_sessions, check_query
from queries.vectors.matching import fulfils, is_folder
from schemas.topics import CHUNKS, SESSION_VECTORS
from schemas.vectors import space_dimensions
from sessiontrack.errors import SessionTrackError, UnavailableError
from sessiontrack.settings import PineconeSettings, Settings

Where = dict[str, Any]
T = TypeVar("T")


# Of each index that is being read over connections that are kept, by its host.
_indexes: dict[str, PineconeIndex] = {}


@contextmanager
def pooled(settings: Settings) -> Iterator[None]:
    """While this lasts, connections to Pinecone are kept."""
    host = settings.pinecone.host
    _indexes[host] = PineconeIndex(settings.pinecone, settings.pinecone.query_timeout_s)
    try:
        yield
    finally:
        _indexes.pop(host).close()


@contextmanager
def _connected(settings: PineconeSettings) -> Iterator[PineconeIndex]:
    if kept := _indexes.get(settings.host):
        yield kept
        return
    index = PineconeIndex(settings, settings.query_timeout_s)
    try:
        yield index
    finally:
        index.close()


class PineconeVectors:
    """The namespaces of one space.

    Args:
        settings: Where Pinecone is.
        space: The space.
    """

    def __init__(self, settings: Settings, space: str) -> None:
        self._settings = settings.pinecone
        self._dimensions = space_dimensions(space)
        self._chunks = namespace_in(space, CHUNKS.name)
        self._sessions = namespace_in(space, SESSION_VECTORS.name)

    def nearest_chunks(self, vector: Sequence[float], filters: Filters, limit: int) -> list[NearChunk]:
        """The passages that lie nearest."""
        check_query(vector, self._dimensions, limit)
        where = [*_shared(filters), *_of_messages(filters), *_times("timestamp", "timestamp", filters)]
        return self._nearest(self._chunks, vector, filters, limit, where, NearChunk.of)

    def nearest_sessions(self, vector: Sequence[float], filters: Filters, limit: int) -> list[NearSession]:
        """The sessions that lie nearest."""
        check_query(vector, self._dimensions, limit)
        check_of_sessions(filters)
        where = [*_shared(filters), *_times("last_at", "first_at", filters)]
        return self._nearest(self._sessions, vector, filters, limit, where, NearSession.of)

    def _nearest(
        self,
        namespace: str,
        vector: Sequence[float],
        filters: Filters,
        limit: int,
        where: Sequence[Where],
        near: Callable[[float, Mapping[str, Any]], T],
    ) -> list[T]:
        for looked_at in (limit, MOST_NEAREST):
            matches = self._query(namespace, vector, looked_at, {"$and": list(where)} if where else None)
            found = [near(score, facts) for score, facts in matches if fulfils(filters, facts)]
            if len(found) >= limit or len(matches) < looked_at:
                break
        return found[:limit]

    def _query(
        self, namespace: str, vector: Sequence[float], limit: int, where: Where | None
    ) -> list[tuple[float, dict[str, Any]]]:
        try:
            with _connected(self._settings) as index:
                matches = index.query(namespace, vector, limit, where)
                there = bool(matches) or namespace in index.namespaces()
        except SessionTrackError as error:
            raise UnavailableError(str(error), hint=error.hint or "See Pinecone's status page.") from error
        if not there:
            raise UnavailableError(f"Pinecone has no vectors in {namespace} yet", hint="See `sessiontrack status`.")
        return [(score, {name: _whole(value) for name, value in facts.items()}) for _, score, facts in matches]


def _whole(value: Any) -> Any:
    """Pinecone knows floating-point numbers only; no fact of ours is one."""
    return int(value) if isinstance(value, float) else value


def _shared(filters: Filters) -> list[Where]:
    given = {"by_agent": filters.agent, "by_channel": filters.channel}
    where: list[Where] = [
        {name: {"$eq": value.lower()}} for name, value in given.items() if value is not None and "*" not in value
    ]
    if filters.project is not None and is_folder(filters.project) and "*" not in filters.project:
        where.append({"by_folder": {"$in": [folders_of(filters.project)[-1]]}})
    return where


def _of_messages(filters: Filters) -> list[Where]:
    given = {"by_role": filters.role and role_named(filters.role), "by_model": filters.model, "by_tool": filters.tool}
    return [{name: {"$in": [value.lower()]}} for name, value in given.items() if value is not None and "*" not in value]


def _times(latest: str, earliest: str, filters: Filters) -> list[Where]:
    where: list[Where] = []
    if filters.since is not None:
        where.append({latest: {"$gte": filters.since}})
    if filters.until is not None:
        where.append({earliest: {"$lt": filters.until}})
    return where
