"""How our values become parameters of queries, and rows our values: times stay epoch milliseconds, ids stay text."""

from __future__ import annotations

import struct
from uuid import UUID

from psycopg import DataError
from psycopg.abc import AdaptContext, Buffer
from psycopg.adapt import Dumper, Loader
from psycopg.postgres import types
from psycopg.pq import Format

from consumers.postgres.copying import EPOCH_MS

_TIMESTAMPTZ = types["timestamptz"].oid
_MICROSECONDS = struct.Struct("!q")


class Millis(int):
    """Epoch milliseconds, as a parameter of a query."""


class MillisDumper(Dumper):
    """Epoch milliseconds to timestamptz, whose binary form is microseconds since 2000."""

    format = Format.BINARY
    oid = _TIMESTAMPTZ

    def dump(self, obj: int) -> bytes:
        """Eight bytes.

        Raises:
            DataError: They do not hold it.
        """
        try:
            return _MICROSECONDS.pack((obj - EPOCH_MS) * 1000)
        except struct.error as error:
            raise DataError("a time out of range") from error


class MillisLoader(Loader):
    """timestamptz to epoch milliseconds, rounded down."""

    format = Format.BINARY

    def load(self, data: Buffer) -> int:
        """Eight bytes to a number."""
        microseconds: int = _MICROSECONDS.unpack(data)[0]
        return microseconds // 1000 + EPOCH_MS


class UuidLoader(Loader):
    """A UUID to its text, lower case."""

    format = Format.BINARY

    def load(self, data: Buffer) -> str:
        """Sixteen bytes to text."""
        return str(UUID(bytes=bytes(data)))


def adapt(context: AdaptContext) -> None:
    """Registers the above on a connection; read with binary cursors."""
    adapters = context.adapters
    adapters.register_dumper(Millis, MillisDumper)
    adapters.register_loader("timestamptz", MillisLoader)
    adapters.register_loader("uuid", UuidLoader)
