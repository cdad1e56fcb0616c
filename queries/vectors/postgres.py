"""Vectors in PostgreSQL: pgvector goes on along the graph until enough rows fulfil the filters.

Where the graph ends too early, for a filter that few rows fulfil, these rows are compared one by one instead.

Source: https://github.com/pgvector/pgvector#iterative-index-scans
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from psycopg import Connection
from psycopg.sql import SQL, Composable, Composed, Identifier

from consumers.postgres.rows import Row
from consumers.postgres_vectors.tables import table_in
from queries.filters import Filters
from queries.postgres import connected, fetch_dicts
from queries.sql_filters import Conditions, chunk_conditions, session_vector_conditions
from queries.vectors.index import NearChunk, NearSession, check_of_sessions, check_query
from schemas.topics import CHUNKS, SESSION_VECTORS
from schemas.vectors import space_dimensions
from sessiontrack.settings import Settings

_EF_SEARCH = 100
# Of the graph pgvector looks at so many rows for one query; comparing all those left costs less then.
_MOST_SCANNED = 50_000


class PostgresVectors:
    """The tables of one space.

    Args:
        settings: Where PostgreSQL is.
        space: The space.
    """

    def __init__(self, settings: Settings, space: str) -> None:
        self._settings = settings
        self._dimensions = space_dimensions(space)
        self._chunks = table_in(space, CHUNKS.name).name
        self._sessions = table_in(space, SESSION_VECTORS.name).name

    def nearest_chunks(self, vector: Sequence[float], filters: Filters, limit: int) -> list[NearChunk]:
        """The passages that lie nearest."""
        check_query(vector, self._dimensions, limit)
        found = self._nearest(self._chunks, NearChunk.FACTS, chunk_conditions(filters), vector, limit)
        return [NearChunk.of(row.pop("score"), row) for row in found]

    def nearest_sessions(self, vector: Sequence[float], filters: Filters, limit: int) -> list[NearSession]:
        """The sessions that lie nearest."""
        check_query(vector, self._dimensions, limit)
        check_of_sessions(filters)
        found = self._nearest(self._sessions, NearSession.FACTS, session_vector_conditions(filters), vector, limit)
        return [NearSession.of(row.pop("score"), row) for row in found]

    def _nearest(
        self,
        table: str,
        facts: Sequence[str],
        filters: Conditions,
        vector: Sequence[float],
        limit: int,
    ) -> list[dict[str, Any]]:
        conditions, parameters = filters
        query = _query(table, facts, conditions)
        parameters |= {"vector": f"[{','.join(map(str, map(float, vector)))}]", "limit": limit}
        with connected(self._settings) as connection:
            _along_the_graph(connection, limit)
            found = fetch_dicts(connection, query, parameters)
            if len(found) < limit and conditions:
                connection.execute("SET LOCAL enable_indexscan = off")
                found = fetch_dicts(connection, query, parameters)
        return found


def _along_the_graph(connection: Connection[Row], limit: int) -> None:
    """Settings of the transaction."""
    connection.execute("SET LOCAL hnsw.iterative_scan = strict_order")
    connection.execute(SQL("SET LOCAL hnsw.ef_search = {}").format(max(_EF_SEARCH, limit)))
    connection.execute(SQL("SET LOCAL hnsw.max_scan_tuples = {}").format(_MOST_SCANNED))


def _query(table: str, facts: Sequence[str], conditions: Sequence[Composable]) -> Composed:
    # pgvector orders by the negative dot product.
    return SQL(
        "SELECT {facts}, -(vector <#> %(vector)s::halfvec) AS score FROM {table} WHERE {conditions}"
        " ORDER BY vector <#> %(vector)s::halfvec LIMIT %(limit)s"
    ).format(
        facts=SQL(", ").join(map(Identifier, facts)),
        table=Identifier(table),
        conditions=SQL(" AND ").join([SQL("true"), *conditions]),
    )
