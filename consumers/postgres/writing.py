"""A sink's connection to PostgreSQL: transactions in binary, and what their errors mean."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from psycopg import AsyncConnection, AsyncCursor, DataError, Error, IntegrityError
from psycopg.errors import ProgramLimitExceeded

from consumers.postgres.adaptation import adapt
from consumers.postgres.rows import Row
from sessiontrack.errors import TerminalError, TransientError
from sessiontrack.settings import PostgresSettings

# What a record's own contents cause: a NUL, a time out of range, a key too long for an index. All else, a missing table
# included, passes with time or with the operator's help.
_TERMINAL = (DataError, IntegrityError, ProgramLimitExceeded)
_CONNECT_TIMEOUT_S = 10


class PostgresWriter:
    """One connection, made anew after it broke.

    Args:
        settings: Where PostgreSQL is.
        name: Of the sink; the server shows it.
        prepare: Called with a cursor of each new connection.
    """

    def __init__(
        self, settings: PostgresSettings, name: str, prepare: Callable[[AsyncCursor[Row]], Awaitable[None]]
    ) -> None:
        self._settings = settings
        self._name = name
        self._prepare = prepare
        self._connection: AsyncConnection[Row] | None = None

    async def open(self) -> None:
        """Connects.

        Raises:
            TransientError: PostgreSQL is not ready.
        """
        await self._connected()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncCursor[Row]]:
        """A cursor in a transaction; all of it is durable at the end, or none.

        Raises:
            TransientError: PostgreSQL is away, or can't do it now.
            TerminalError: It refuses a value.
        """
        connection = await self._connected()
        try:
            async with connection.transaction(), connection.cursor(binary=True) as cursor:
                yield cursor
        except _TERMINAL as error:
            raise TerminalError(f"PostgreSQL refuses a value: {_reason(error)}") from error
        except Error as error:
            await self.close()
            raise TransientError(f"PostgreSQL at {self._address}: {_reason(error)}") from error

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
            application_name=f"sessiontrack-{self._name}",
            connect_timeout=_CONNECT_TIMEOUT_S,
        )
        adapt(connection)
        try:
            async with connection.cursor() as cursor:
                await self._prepare(cursor)
        except Error:
            await connection.close()
            raise
        return connection

    @property
    def _address(self) -> str:
        return f"{self._settings.host}:{self._settings.port}"


def _reason(error: Exception) -> str:
    """What was wrong and where, without the server's message, which may quote the record."""
    diagnosis = getattr(error, "diag", None)
    where = [name for name in (diagnosis.table_name, diagnosis.column_name) if name] if diagnosis else []
    return " ".join([type(error).__name__, *where])
