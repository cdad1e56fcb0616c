"""PostgreSQL: a unit is the rows of a session in a table.

Its fingerprint is their number and the sum of PostgreSQL's own hashes, a third of the work of the digests that totals
are made of.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from psycopg import Connection
from psycopg.sql import SQL, Identifier

from consumers.postgres.digests import digest_sql
from consumers.postgres.rows import BY_NAME
from queries.postgres import stored_rows
from queries.verify.comparison import TOTAL_MODULUS, Dataset, Found, Total
from queries.verify.expected import POSTGRES, row_digest, row_id

# PostgreSQL hashes every column of a row as its type defines equality. A sum as numeric is exact, in whatever order.
_FINGERPRINTS = SQL(
    "SELECT session_id, count(*) || ' ' || sum(hash_record_extended(stored, 0)) FROM {table} stored GROUP BY session_id"
)
# Of a digest the last 8 of its first 16 bytes, as a number with a sign: what is the same modulo 2^64.
_TOTALS = SQL(
    "SELECT session_id, count(*), sum(('x' || encode(substr({digest}, 9, 8), 'hex'))::bit(64)::int8)"
    " FROM {table} WHERE session_id = ANY(%s) GROUP BY session_id"
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

    def totals(self, dataset: Dataset, units: Sequence[str]) -> Mapping[str, Total]:
        """By session; PostgreSQL computes the digests of the rows."""
        table = BY_NAME[dataset.name]
        query = _TOTALS.format(digest=digest_sql(table), table=Identifier(table.name))
        found = self._connection.execute(query, [list(units)])
        return {session_id: Total(records, int(summed) % TOTAL_MODULUS) for session_id, records, summed in found}

    def records(self, dataset: Dataset, units: Sequence[str]) -> Iterator[Found]:
        """The rows of some sessions."""
        table = BY_NAME[dataset.name]
        session = [column.name for column in table.columns].index("session_id")
        for row in stored_rows(self._connection, table, *units):
            yield Found(row[session], row_id(table, row), row_digest(row), row[session])
