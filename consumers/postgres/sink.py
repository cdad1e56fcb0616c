"""The PostgreSQL sink: for each batch one transaction of binary COPY into temporary tables and one upsert per table.

A unique key of a partitioned table has to hold the time that places the row, so only what can't change its time is
partitioned: a line's time is part of what its id is made of. A tool call's time does change, when its result is known
before its call, and a fact's can differ from capture to capture: `tool_calls` has no partitions, and facts are looked
for in all of them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from psycopg import AsyncConnection, AsyncCursor, DataError, Error, IntegrityError
from psycopg.errors import ProgramLimitExceeded
from psycopg.sql import SQL, Composed, Identifier

from consumers.postgres.adaptation import adapt
from consumers.postgres.batch import Changes, Removed, Stored, fold, project
from consumers.postgres.copying import copy_data
from consumers.postgres.rows import Row, Table, tables_of
from consumers.sink import Offsets, Partition, Received, ends
from schemas.codec import Decoder
from schemas.topics import DERIVED, EVENTS, Topic
from sessiontrack.errors import TerminalError, TransientError
from sessiontrack.settings import Settings

# What a record's own contents cause: a NUL, a time out of range, a key too long for an index. All else, a missing table
# included, passes with time or with the operator's help.
_TERMINAL = (DataError, IntegrityError, ProgramLimitExceeded)
_CONNECT_TIMEOUT_S = 10


class PostgresSink:
    """Keeps the tables of `consumers.postgres.rows`.

    Args:
        settings: Where PostgreSQL is.
        replace_equal: Whether a record also replaces one of its own version, wherever that stands: a repair.
    """

    name = "postgres"
    topics: Sequence[Topic] = (EVENTS, *DERIVED)

    def __init__(self, settings: Settings, *, replace_equal: bool = False) -> None:
        self._settings = settings.postgres
        self._replace_equal = replace_equal
        self._connection: AsyncConnection[Row] | None = None

    async def open(self) -> None:
        """Connects."""
        await self._connected()

    def start_offset(self, partition: Partition, committed: int) -> int:
        """Where the group stopped: nothing is held back."""
        return committed

    def project(self, received: Received, decoder: Decoder) -> Stored | Removed:
        """The rows of a record, as COPY reads them."""
        record = None if received.value is None else decoder.decode(received.value)
        return project(received.partition.topic, received.key, record)

    async def write(self, batch: Sequence[Received]) -> Offsets:
        """Writes a batch in one transaction; all of it is durable then, or none."""
        changes = fold(batch)
        connection = await self._connected()
        try:
            async with connection.transaction(), connection.cursor(binary=True) as cursor:
                for topic, of_topic in changes.items():
                    await _apply(cursor, topic, of_topic, self._replace_equal)
        except _TERMINAL as error:
            raise TerminalError(f"PostgreSQL refuses a value: {_reason(error)}") from error
        except Error as error:
            await self.close()
            raise TransientError(f"PostgreSQL at {self._address}: {_reason(error)}") from error
        return ends(batch)

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
                self._connection = await self._connect()
            except Error as error:
                raise TransientError(f"PostgreSQL at {self._address} is not ready: {_reason(error)}") from error
        return self._connection

    async def _connect(self) -> AsyncConnection[Row]:
        connection = await AsyncConnection.connect(
            self._settings.dsn,
            autocommit=True,
            application_name="sessiontrack-postgres",
            connect_timeout=_CONNECT_TIMEOUT_S,
        )
        adapt(connection)
        try:
            async with connection.cursor() as cursor:
                await _stage(cursor, [tables_of(topic.name)[0] for topic in self.topics])
        except Error:
            await connection.close()
            raise
        return connection

    @property
    def _address(self) -> str:
        return f"{self._settings.host}:{self._settings.port}"


async def _stage(cursor: AsyncCursor[Row], tables: Sequence[Table]) -> None:
    """Makes the temporary tables, once for each connection: making them for each batch would bloat the catalogue."""
    statement = SQL("CREATE TEMPORARY TABLE {staged} (LIKE {table}) ON COMMIT DELETE ROWS")
    for table in tables:
        await cursor.execute(statement.format(staged=_staged(table), table=Identifier(table.name)))


async def _apply(cursor: AsyncCursor[Row], topic: str, changes: Changes, replace_equal: bool) -> None:
    owner, *parts = tables_of(topic)
    for table in (owner, *parts):
        await _delete(cursor, table, changes.removed)
    if not changes.records:
        return
    await _copy(cursor, owner, _staged(owner), (record.rows[0] for record in changes.records.values()))
    if replace_equal:
        await cursor.execute(_make_way(owner))
    await _drop_known(cursor, owner, [record.id for record in changes.records.values() if not record.placed])
    if not parts:
        await cursor.execute(_upsert(owner))
        return
    await cursor.execute(SQL("{} RETURNING {}").format(_upsert(owner), Identifier("stored", owner.record_id.name)))
    written = [record_id for (record_id,) in await cursor.fetchall()]
    for place, table in enumerate(parts, 1):
        await _delete(cursor, table, written)
        rows = (changes.records[record_id].rows[place] for record_id in written)
        await _copy(cursor, table, Identifier(table.name), rows)


async def _delete(cursor: AsyncCursor[Row], table: Table, ids: Collection[str]) -> None:
    if ids:
        statement = SQL("DELETE FROM {table} WHERE {id} = ANY(%s::{type}[])").format(
            table=Identifier(table.name), id=Identifier(table.record_id.name), type=SQL(table.record_id.type)
        )
        await cursor.execute(statement, [list(ids)])


async def _copy(cursor: AsyncCursor[Row], table: Table, into: Identifier, rows: Iterable[bytes]) -> None:
    columns = SQL(", ").join(Identifier(column.name) for column in table.columns)
    statement = SQL("COPY {into} ({columns}) FROM STDIN (FORMAT BINARY)").format(into=into, columns=columns)
    async with cursor.copy(statement) as copy:
        await copy.write(copy_data(rows))


async def _drop_known(cursor: AsyncCursor[Row], table: Table, ids: Sequence[str]) -> None:
    """Leaves out what is stored already, whatever month it stands in."""
    if ids:
        statement = SQL("DELETE FROM {staged} WHERE {id} IN (SELECT {id} FROM {table} WHERE {id} = ANY(%s::{type}[]))")
        names = {"staged": _staged(table), "table": Identifier(table.name), "id": Identifier(table.record_id.name)}
        await cursor.execute(statement.format(**names, type=SQL(table.record_id.type)), [list(ids)])


def _make_way(table: Table) -> Composed:
    """Deletes what is stored of the staged records, unless it is newer: what was altered may stand at another time."""
    return SQL("DELETE FROM {table} stored USING {staged} staged WHERE stored.{id} = staged.{id} AND {older}").format(
        table=Identifier(table.name),
        staged=_staged(table),
        id=Identifier(table.record_id.name),
        older=SQL("stored.version <= staged.version" if table.versioned else "true"),
    )


def _upsert(table: Table) -> Composed:
    """Writes what is staged and newer than what is stored."""
    return SQL("INSERT INTO {table} AS stored SELECT * FROM {staged} ON CONFLICT ({key}) DO {action}").format(
        table=Identifier(table.name),
        staged=_staged(table),
        key=SQL(", ").join(Identifier(name) for name in table.primary_key),
        action=_update(table) if table.versioned else SQL("NOTHING"),
    )


def _update(table: Table) -> Composed:
    """Replaces the whole row by a newer version."""
    names = [column.name for column in table.columns if column.name not in table.primary_key]
    return SQL("UPDATE SET {values} WHERE stored.version < excluded.version").format(
        values=SQL(", ").join(
            SQL("{name} = {value}").format(name=Identifier(name), value=Identifier("excluded", name)) for name in names
        )
    )


def _staged(table: Table) -> Identifier:
    return Identifier(f"staged_{table.name}")


def _reason(error: Exception) -> str:
    """What was wrong and where, without the server's message, which may quote the record."""
    diagnosis = getattr(error, "diag", None)
    where = [name for name in (diagnosis.table_name, diagnosis.column_name) if name] if diagnosis else []
    return " ".join([type(error).__name__, *where])
