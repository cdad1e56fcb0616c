"""PostgreSQL: a unit is the rows of a session in a table, its fingerprint their number and the sum of their hashes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from psycopg import Connection
from psycopg.sql import SQL, Identifier

from consumers.postgres.rows import BY_NAME
from queries.postgres import stored_rows
from queries.verify.comparison import Dataset, Found
from queries.verify.expected import POSTGRES, row_digest, row_id

# PostgreSQL hashes every column of a row as its type defines equality. A sum as numeric is exact, in whatever order.
_FINGERPRINTS = SQL(
    "SELECT session_id, count(*) || ' ' || sum(hash_record_extended(stored, 0)) FROM {table} stored GROUP BY session_id"
)


class PostgresStore:
    """The tables.

    Args:
        connection: From `queries.postgres.connected`: all queries see one state.
    """

    datasets: Sequence[Dataset] = POSTGRES
    exclusive = True

    def __init__(self, connection: Connection[Any]) -> None:
        self._connection = connection

    def fingerprints(self, dataset: Dataset) -> Mapping[str, str]:
        """By session."""
        query = _FINGERPRINTS.format(table=Identifier(dataset.name))
        return dict(self._connection.execute(query).fetchall())

    def records(self, dataset: Dataset, units: Sequence[str]) -> Iterator[Found]:
        """The rows of some sessions."""
        table = BY_NAME[dataset.name]
        session = [column.name for column in table.columns].index("session_id")
        for row in stored_rows(self._connection, table, *units):
            yield Found(row[session], row_id(table, row), row_digest(row), row[session])
