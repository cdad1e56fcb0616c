"""New tables in PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from itertools import islice
from typing import Any

import psycopg
from psycopg import AsyncConnection, Connection
from psycopg.errors import DeadlockDetected, DependentObjectsStillExist, DuplicateSchema, QueryCanceled
from psycopg.sql import SQL, Identifier

from consumers.postgres.batch import Removed, Stored, project
from consumers.postgres.rows import tables_of
from consumers.postgres.sink import PostgresSink
from consumers.sink import Offsets, Received
from operations.rebuild import tables
from operations.rebuild.target import Marks, Standing
from sessiontrack.backoff import backoff_delays
from sessiontrack.errors import SessionTrackError, UnavailableError
from sessiontrack.settings import Settings

# For a minute or two: a report that reads for longer is better waited for by a person.
_MOST_TRIES = 20


class PostgresTarget:
    """The tables in the schema `…_rebuild`, written by the sink itself."""

    name = PostgresSink.name
    topics = PostgresSink.topics

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._sink: PostgresSink | None = None
        self._locked: AsyncConnection[Any] | None = None

    def standing(self, marks: Marks) -> Standing:
        """In use where the tables in use are those that were prepared."""
        with self._connected() as connection:
            if marks and tables.identity(connection, marks["schema"]) == marks["identity"]:
                return Standing.IN_USE
            there = tables.schema_beside(connection)
            if not tables.exists(connection, there):
                return Standing.ABSENT
            same = not marks or tables.identity(connection, there) == marks["identity"]
            return Standing.FILLING if same else Standing.ABSENT

    def prepare(self) -> Marks:
        """Makes the tables as the migrations make them now."""
        with self._connected() as connection:
            schema, there = tables.schema_in_use(connection), tables.schema_beside(connection)
            tables.create_beside(connection, self._settings, there)
            return {"schema": schema, "beside": there, "identity": tables.identity(connection, there)}

    async def open(self) -> None:
        """Connects the sink."""
        there = await asyncio.to_thread(self._beside)
        self._sink = PostgresSink(tables.in_schema(self._settings, there))
        await self._sink.open()

    def project(self, topic: str, key: bytes, record: Any) -> Stored | Removed:
        """The rows of a record."""
        return project(topic, key, record)

    async def write(self, batch: Sequence[Received]) -> Offsets:
        """Writes a batch."""
        assert self._sink
        return await self._sink.write(batch)

    def settle(self) -> None:
        """Lets PostgreSQL know what is in the tables: without, it would plan its first queries for empty ones."""
        with self._connected() as connection:
            for table in self._table_names:
                connection.execute(SQL("ANALYZE {}").format(Identifier(tables.schema_beside(connection), table)))

    @asynccontextmanager
    async def still(self, marks: Marks) -> AsyncIterator[None]:
        """Holds a lock that the sink waits for; if this process is killed, PostgreSQL lets go of it."""
        async with await AsyncConnection.connect(self._settings.postgres.dsn, autocommit=True) as connection:
            async with connection.transaction():
                await _patiently(connection, lambda: tables.keep_writers_out(connection, marks["schema"]))
                self._locked = connection
                yield
            self._locked = None

    async def counts(self, marks: Marks) -> Mapping[str, int]:
        """Rows of the tables that hold one for each record."""
        return await asyncio.to_thread(self._counts, marks["beside"])

    async def swap(self, marks: Marks, *, keep_old: bool) -> None:
        """Moves the tables, as soon as nobody reads those in use."""
        connection = self._locked
        assert connection
        previous = f"{marks['schema']}_previous" if keep_old else None
        try:
            await _patiently(connection, lambda: tables.move_in(connection, marks["beside"], marks["schema"], previous))
        except DuplicateSchema as error:
            raise SessionTrackError(
                f"the tables that an earlier rebuild has kept are there still, in the schema {previous}",
                hint="Drop that schema, and start the rebuild again: it goes on here.",
            ) from error
        except DependentObjectsStillExist as error:
            raise SessionTrackError(
                "something is made of the tables in use, such as a view, and would go with them",
                hint="Drop it, start the rebuild again, which goes on here, and make it anew; or add --keep-old.",
            ) from error

    def release(self) -> None:
        """Nothing: a lock ends with its connection."""

    def clear(self) -> None:
        """Nothing: the tables went in the swap."""

    def discard(self) -> None:
        """Drops the tables."""
        with self._connected() as connection:
            tables.drop_beside(connection, tables.schema_beside(connection))

    async def close(self) -> None:
        """Disconnects the sink."""
        if self._sink:
            await self._sink.close()

    @property
    def _table_names(self) -> list[str]:
        return [tables_of(topic.name)[0].name for topic in self.topics]

    def _beside(self) -> str:
        with self._connected() as connection:
            return tables.schema_beside(connection)

    def _counts(self, schema: str) -> dict[str, int]:
        counts = {}
        with self._connected() as connection:
            for topic, table in zip(self.topics, self._table_names, strict=True):
                query = SQL("SELECT count(*) FROM {}").format(Identifier(schema, table))
                [counts[topic.name]] = connection.execute(query).fetchone() or (0,)
        return counts

    @contextmanager
    def _connected(self) -> Iterator[Connection[Any]]:
        address = f"{self._settings.postgres.host}:{self._settings.postgres.port}"
        try:
            with psycopg.connect(self._settings.postgres.dsn, autocommit=True) as connection:
                yield connection
        except psycopg.OperationalError as error:
            raise UnavailableError(
                f"PostgreSQL at {address} does not answer: {type(error).__name__}",
                hint="Start the stack with `sessiontrack up`.",
            ) from error


async def _patiently(connection: AsyncConnection[Any], attempt: Any) -> None:
    """Tries again while others hold what is to be locked.

    Raises:
        UnavailableError: They do so for long.
    """
    for delay in islice(backoff_delays(), _MOST_TRIES):
        try:
            async with connection.transaction():
                await attempt()
        except (QueryCanceled, DeadlockDetected):
            await asyncio.sleep(delay)
        else:
            return
    raise UnavailableError(
        "the tables in PostgreSQL are being read all the time, and can't be swapped",
        hint="End what reads them for long, then start the rebuild again: it goes on here.",
    )
