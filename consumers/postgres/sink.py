"""The PostgreSQL sink: one transaction for each batch.

A row's month can change between versions (a tool call is known by its result first), and a key that spans partitions
can't be unique by id alone. So no upsert: the batch reads the versions that are stored under its ids, in whatever
month, removes the rows that it replaces and copies the new ones. That is also faster than an upsert from a temporary
table, since each row is copied once and a repeated batch writes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from psycopg import AsyncConnection, AsyncCursor, DataError, Error, IntegrityError
from psycopg.errors import ProgramLimitExceeded
from psycopg.sql import SQL, Composed, Identifier

from consumers.postgres.adaptation import adapt
from consumers.postgres.batch import Changes, fold
from consumers.postgres.rows import Row, Table, tables_of, version
from consumers.sink import Offsets, Partition, Received
from schemas.topics import EVENTS, MESSAGES, SESSIONS, TOOL_CALLS
from sessiontrack.errors import TerminalError, TransientError
from sessiontrack.settings import Settings

# What a record's own contents cause: a NUL, a lone surrogate, a time out of range, a key too long for an index.
# All else, a missing table included, passes with time or with the operator's help.
_TERMINAL = (DataError, IntegrityError, ProgramLimitExceeded, UnicodeEncodeError)
_CONNECT_TIMEOUT_S = 10


class PostgresSink:
    """Keeps the tables of `consumers.postgres.rows`."""

    name = "postgres"
    topics = (EVENTS, SESSIONS, MESSAGES, TOOL_CALLS)
    decodes = True

    def __init__(self, settings: Settings) -> None:
        self._settings = settings.postgres
        self._connection: AsyncConnection[Row] | None = None

    async def open(self) -> None:
        """Connects."""
        await self._connected()

    def start_offset(self, partition: Partition, committed: int) -> int:
        """Where the group stopped: nothing is held back."""
        return committed

    async def write(self, batch: Sequence[Received]) -> Offsets:
        """Writes a batch in one transaction; all of it is durable then, or none."""
        changes = fold(batch)
        connection = await self._connected()
        try:
            async with connection.transaction(), connection.cursor(binary=True) as cursor:
                await _exclude_others(cursor, batch)
                for topic, of_topic in changes.items():
                    await _apply(cursor, topic, of_topic)
        except _TERMINAL as error:
            raise TerminalError(f"PostgreSQL refuses a value: {_reason(error)}") from error
        except Error as error:
            await self.close()
            raise TransientError(f"PostgreSQL at {self._address}: {_reason(error)}") from error
        return {received.partition: received.offset + 1 for received in batch}

    async def idle(self) -> Offsets:
        """Nothing is held back."""
        return {}

    def revoked(self, partitions: Sequence[Partition]) -> None:
        """Nothing is held back."""

    async def close(self) -> None:
        """Disconnects."""
        if self._connection is not None:
            await self._connection.close()
            self._connection = None

    async def _connected(self) -> AsyncConnection[Row]:
        if self._connection is None or self._connection.closed:
            try:
                self._connection = await AsyncConnection.connect(
                    self._settings.dsn,
                    autocommit=True,
                    application_name="sessiontrack-postgres",
                    connect_timeout=_CONNECT_TIMEOUT_S,
                )
            except Error as error:
                raise TransientError(f"PostgreSQL at {self._address} does not answer") from error
            adapt(self._connection)
        return self._connection

    @property
    def _address(self) -> str:
        return f"{self._settings.host}:{self._settings.port}"


async def _exclude_others(cursor: AsyncCursor[Row], batch: Sequence[Received]) -> None:
    """Waits for a worker that lost these partitions but still writes: its transaction ends before ours reads.

    The rows of an id all come from the partitions of one number, so that number is what to hold.
    """
    numbers = sorted({received.partition.number for received in batch})
    await cursor.execute(
        "SELECT pg_advisory_xact_lock(hashtext('sessiontrack.postgres'), number) FROM unnest(%s::int4[]) AS number",
        [numbers],
    )


async def _apply(cursor: AsyncCursor[Row], topic: str, changes: Changes) -> None:
    tables = tables_of(topic)
    for table in tables:
        await _delete(cursor, table, changes.removed)
    stored = await _stored_versions(cursor, tables[0], changes.records)
    newer = {
        record_id: record
        for record_id, record in changes.records.items()
        if record_id not in stored or version(record) > stored[record_id]
    }
    for table in tables:
        await _delete(cursor, table, newer.keys() & stored.keys())
        await _copy(cursor, table, [row for record in newer.values() for row in table.rows(record)])


async def _stored_versions(cursor: AsyncCursor[Row], table: Table, ids: Any) -> dict[str, int]:
    if not ids:
        return {}
    column = Identifier("version") if table.versioned else SQL("0")
    query = SQL("SELECT {id}, {version} FROM {table} WHERE {id} = ANY({ids})").format(
        id=Identifier(table.key[0]), version=column, table=Identifier(table.name), ids=_array(table)
    )
    await cursor.execute(query, [list(ids)])
    return dict(await cursor.fetchall())


async def _delete(cursor: AsyncCursor[Row], table: Table, ids: Any) -> None:
    if ids:
        query = SQL("DELETE FROM {table} WHERE {id} = ANY({ids})").format(
            table=Identifier(table.name), id=Identifier(table.key[0]), ids=_array(table)
        )
        await cursor.execute(query, [list(ids)])


async def _copy(cursor: AsyncCursor[Row], table: Table, rows: Sequence[Row]) -> None:
    if not rows:
        return
    columns = SQL(", ").join(Identifier(column.name) for column in table.columns)
    statement = SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(Identifier(table.name), columns)
    async with cursor.copy(statement) as copy:
        copy.set_types([column.type for column in table.columns])
        for row in rows:
            await copy.write_row(row)


def _reason(error: Exception) -> str:
    """What was wrong and where, without the server's message, which may quote the record."""
    diagnosis = getattr(error, "diag", None)
    where = [name for name in (diagnosis.table_name, diagnosis.column_name) if name] if diagnosis else []
    return " ".join([type(error).__name__, *where])


def _array(table: Table) -> Composed:
    return SQL("%s::{}[]").format(SQL(table.record_id.type))
