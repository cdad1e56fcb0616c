"""How our values become PostgreSQL's and back: times stay epoch milliseconds, ids stay text."""

from __future__ import annotations

import json
import struct
from uuid import UUID

from psycopg import DataError
from psycopg.abc import AdaptContext, Buffer
from psycopg.adapt import Dumper, Loader
from psycopg.postgres import types
from psycopg.pq import Format
from psycopg.types.json import JsonbBinaryDumper

_TIMESTAMPTZ = types["timestamptz"].oid
_UUID = types["uuid"].oid
_MICROSECONDS = struct.Struct("!q")
# PostgreSQL counts from 2000-01-01T00:00:00Z.
_EPOCH_MS = 946_684_800_000


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
            return _MICROSECONDS.pack((obj - _EPOCH_MS) * 1000)
        except struct.error as error:
            raise DataError("a time out of range") from error


class MillisLoader(Loader):
    """timestamptz to epoch milliseconds, rounded down."""

    format = Format.BINARY

    def load(self, data: Buffer) -> int:
        """Eight bytes to a number."""
        microseconds: int = _MICROSECONDS.unpack(data)[0]
        return microseconds // 1000 + _EPOCH_MS


class UuidDumper(Dumper):
    """The text of a UUID to its sixteen bytes."""

    format = Format.BINARY
    oid = _UUID

    def dump(self, obj: str) -> bytes:
        """Sixteen bytes.

        Raises:
            DataError: It is no UUID.
        """
        try:
            return UUID(obj).bytes
        except ValueError as error:
            raise DataError("an id that is no UUID") from error


class UuidLoader(Loader):
    """A UUID to its text, lower case."""

    format = Format.BINARY

    def load(self, data: Buffer) -> str:
        """Sixteen bytes to text."""
        return str(UUID(bytes=bytes(data)))


class JsonDumper(JsonbBinaryDumper):
    """A Python value to jsonb."""

    _dumps = staticmethod(json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode)


def adapt(context: AdaptContext) -> None:
    """Registers the above on a connection, for columns of these types; read with binary cursors."""
    adapters = context.adapters
    # In a COPY found by the column's type and not by the value's: an int is a time only where a time is due.
    adapters.register_dumper(Millis, MillisDumper)
    adapters.register_dumper(None, UuidDumper)
    adapters.register_dumper(None, JsonDumper)
    adapters.register_loader("timestamptz", MillisLoader)
    adapters.register_loader("uuid", UuidLoader)
