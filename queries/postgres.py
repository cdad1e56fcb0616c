"""Reads the relational store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from psycopg import Connection, IsolationLevel, OperationalError, connect
from psycopg.errors import UndefinedTable
from psycopg.rows import dict_row
from psycopg.sql import SQL, Composed, Identifier
from psycopg_pool import ConnectionPool

from consumers.postgres.adaptation import adapt
from consumers.postgres.rows import Relation, Row
from sessiontrack.errors import UnavailableError
from sessiontrack.settings import Settings

# Rows that a server-side cursor sends at a time: a few MiB of messages.
_FETCH_ROWS = 2_000
_CONNECT_TIMEOUT_S = 10
# Who asks a process that answers many gets an error while he still waits for the answer.
_POOL_TIMEOUT_S = 3.0

# Of each server that is being read by way of a pool, by its connection string.
_pools: dict[str, ConnectionPool[Connection[Row]]] = {}


@contextmanager
def pooled(settings: Settings, connections: int) -> Iterator[None]:
    """While this lasts, `connected` takes its connections from a pool: for a process that answers many questions.

    A server that is away is connected to later.

    Args:
        settings: Where PostgreSQL is.
        connections: Most connections.
    """
    dsn = settings.postgres.dsn
    pool = ConnectionPool(
        dsn,
        kwargs={"connect_timeout": _CONNECT_TIMEOUT_S},
        min_size=1,
        max_size=connections,
        timeout=_POOL_TIMEOUT_S,
        # A server that was away for an hour is found again at once.
        reconnect_timeout=_POOL_TIMEOUT_S,
        configure=_prepare,
        # A connection may have died with its server since it was last used.
        check=ConnectionPool.check_connection,
        open=False,
    )
    pool.open(wait=False)
    _pools[dsn] = pool
    try:
        yield
    finally:
        del _pools[dsn]
        pool.close()


@contextmanager
def connected(settings: Settings) -> Iterator[Connection[Row]]:
    """A connection in a read-only transaction, so that several queries see one state.

    Raises:
        UnavailableError: PostgreSQL does not answer, or has no tables yet.
    """
    address = f"PostgreSQL at {settings.postgres.host}:{settings.postgres.port}"
    hint = "Start the stack with `sessiontrack up`."
    try:
        with _connection(settings.postgres.dsn) as connection:
            yield connection
    except OperationalError as error:
        raise UnavailableError(f"{address} does not answer", hint=hint) from error
    except UndefinedTable as error:
        raise UnavailableError(f"{address} has no tables yet", hint=hint) from error


@contextmanager
def _connection(dsn: str) -> Iterator[Connection[Row]]:
    if pool := _pools.get(dsn):
        with pool.connection() as connection:
            yield connection
        return
    with connect(dsn, connect_timeout=_CONNECT_TIMEOUT_S) as connection:
        _prepare(connection)
        yield connection


def _prepare(connection: Connection[Row]) -> None:
    connection.isolation_level = IsolationLevel.REPEATABLE_READ
    connection.read_only = True
    adapt(connection)


def fetch_dicts(connection: Connection[Row], query: SQL | Composed, parameters: Any) -> list[dict[str, Any]]:
    """The rows of a query by column name: times as epoch milliseconds, ids as text."""
    with connection.cursor(binary=True, row_factory=dict_row) as cursor:
        return cursor.execute(query, parameters).fetchall()


def stored_rows(connection: Connection[Row], table: Relation, *session_ids: str) -> Iterator[Row]:
    """The rows of a table in the order of its key; of a table of records each equals the one that its record makes.

    Args:
        connection: From `connected`; rows are streamed, in bounded memory.
        table: The table.
        session_ids: Only the rows of these sessions; all where none is named.
    """
    condition = SQL("WHERE session_id = ANY(%s)") if session_ids else SQL("")
    query = SQL("SELECT {columns} FROM {table} {condition} ORDER BY {key}").format(
        columns=SQL(", ").join(Identifier(column.name) for column in table.columns),
        table=Identifier(table.name),
        condition=condition,
        key=SQL(", ").join(Identifier(name) for name in table.key),
    )
    # All rows are read. PostgreSQL else plans for the first tenth, by the key: the whole table for few sessions.
    connection.execute("SET LOCAL cursor_tuple_fraction = 1")
    with connection.cursor(f"stored_{table.name}") as cursor:
        cursor.itersize = _FETCH_ROWS
        cursor.execute(query, [list(session_ids)] if session_ids else [], binary=True)
        yield from cursor
