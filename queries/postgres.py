"""Reads the relational store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from psycopg import Connection, IsolationLevel, OperationalError, connect
from psycopg.errors import UndefinedTable
from psycopg.rows import dict_row
from psycopg.sql import SQL, Composed, Identifier

from consumers.postgres.adaptation import adapt
from consumers.postgres.rows import Row, Table
from sessiontrack.errors import UnavailableError
from sessiontrack.settings import Settings

# Rows that a server-side cursor sends at a time: a few MiB of messages.
_FETCH_ROWS = 2_000
_CONNECT_TIMEOUT_S = 10


@contextmanager
def connected(settings: Settings) -> Iterator[Connection[Row]]:
    """A connection in a read-only transaction, so that several queries see one state.

    Raises:
        UnavailableError: PostgreSQL does not answer, or has no tables yet.
    """
    address = f"PostgreSQL at {settings.postgres.host}:{settings.postgres.port}"
    hint = "Start the stack with `sessiontrack up`."
    try:
        with connect(settings.postgres.dsn, connect_timeout=_CONNECT_TIMEOUT_S) as connection:
            connection.isolation_level = IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            adapt(connection)
            yield connection
    except OperationalError as error:
        raise UnavailableError(f"{address} does not answer", hint=hint) from error
    except UndefinedTable as error:
        raise UnavailableError(f"{address} has no tables yet", hint=hint) from error


def fetch_dicts(connection: Connection[Row], query: SQL | Composed, parameters: Any) -> list[dict[str, Any]]:
    """The rows of a query by column name: times as epoch milliseconds, ids as text."""
    with connection.cursor(binary=True, row_factory=dict_row) as cursor:
        return cursor.execute(query, parameters).fetchall()


def stored_rows(connection: Connection[Row], table: Table, *session_ids: str) -> Iterator[Row]:
    """The rows of a table in the order of its key, each equal to the one that `table.rows` makes of its record.

    Args:
        connection: From `connected`; rows are streamed, in bounded memory.
        table: One of `consumers.postgres.rows.TABLES`.
        session_ids: Only the rows of these sessions; all where none is named.
    """
    condition = SQL("WHERE session_id = ANY(%s)") if session_ids else SQL("")
    query = SQL("SELECT {columns} FROM {table} {condition} ORDER BY {key}").format(
        columns=SQL(", ").join(Identifier(column.name) for column in table.columns),
        table=Identifier(table.name),
        condition=condition,
        key=SQL(", ").join(Identifier(name) for name in table.key),
    )
    with connection.cursor(f"stored_{table.name}") as cursor:
        cursor.itersize = _FETCH_ROWS
        cursor.execute(query, [list(session_ids)] if session_ids else [], binary=True)
        yield from cursor
