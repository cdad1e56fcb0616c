"""Monthly partitions: a month's rows stand together, so that indexes of what is being written stay small."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

from psycopg import Connection
from psycopg.sql import SQL, Identifier, Literal

# The assistant appeared in late 2025 and its ancestors' oldest transcripts are of that year; what claims to be older
# has a broken clock, and stays in the default partition.
FIRST_MONTH = date(2025, 1, 1)
# `sessiontrack up` makes partitions; a pipeline that runs for longer writes to the default one, and the next start
# moves those rows.
MONTHS_AHEAD = 3

_PARTITIONED = """
SELECT relname, attname
FROM pg_partitioned_table
JOIN pg_class ON pg_class.oid = partrelid
JOIN pg_attribute ON attrelid = partrelid AND attnum = partattrs[0]
WHERE relnamespace = current_schema()::regnamespace AND partstrat = 'r'
ORDER BY relname
"""
_PARTITIONS = "SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relispartition"


def ensure_partitions(connection: Connection, now: int) -> list[str]:
    """Makes what is missing from `FIRST_MONTH` until `MONTHS_AHEAD`, for every table that is partitioned by time.

    Args:
        connection: In autocommit mode: each partition has its own short transaction, for it locks out the writers.
        now: Epoch milliseconds.

    Returns:
        Names of the partitions that were made.
    """
    existing = {name for (name,) in connection.execute(_PARTITIONS)}
    made = []
    for table, column in connection.execute(_PARTITIONED).fetchall():
        for start in months(FIRST_MONTH, now):
            name = f"{table}_{start:%Y_%m}"
            if name not in existing:
                _make_partition(connection, table, column, name, start)
                made.append(name)
    return made


def months(first: date, now: int) -> Iterator[date]:
    """First days of the months from `first` until `MONTHS_AHEAD` after the month of `now` (UTC)."""
    today = datetime.fromtimestamp(now / 1000, tz=UTC).date()
    last = today.year * 12 + today.month - 1 + MONTHS_AHEAD
    for number in range(first.year * 12 + first.month - 1, last + 1):
        yield date(number // 12, number % 12 + 1, 1)


def next_month(month: date) -> date:
    """First day of the month after."""
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def _make_partition(connection: Connection, table: str, column: str, name: str, start: date) -> None:
    # Filled before it is attached: PostgreSQL refuses a partition while the default one holds rows of its month.
    statements = SQL(
        """
        LOCK TABLE {default} IN ACCESS EXCLUSIVE MODE;
        CREATE TABLE {name} (LIKE {table} INCLUDING ALL);
        WITH moved AS (DELETE FROM {default} WHERE {column} >= {start} AND {column} < {end} RETURNING *)
            INSERT INTO {name} SELECT * FROM moved;
        ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ({start}) TO ({end});
        """
    ).format(
        default=Identifier(f"{table}_default"),
        name=Identifier(name),
        table=Identifier(table),
        column=Identifier(column),
        start=Literal(f"{start}T00:00:00Z"),
        end=Literal(f"{next_month(start)}T00:00:00Z"),
    )
    with connection.transaction():
        connection.execute(statements)
