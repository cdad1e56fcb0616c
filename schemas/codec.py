"""Avro values in the Confluent wire format: a zero byte, the schema id as four bytes big-endian, the Avro body.

Source: https://docs.confluent.io/platform/current/schema-registry/fundamentals/serdes-develop/index.html#wire-format
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from io import BytesIO
from itertools import takewhile
from struct import Struct
from typing import Any

from fastavro import parse_schema, schemaless_reader

from schemas.avro import load_schema
from schemas.reader import Read, reader
from schemas.registry import RegistryError
from schemas.writer import writer

_FRAME = Struct(">bI")
_MAGIC = 0


class CodecError(Exception):
    """A value that can't be decoded: not framed, of an unknown schema, or torn."""


# What says nothing of the bytes: descriptions, who may read a field, and that a number is a time. Times are left as the
# numbers they are: a stage compares and sums them, nobody reads them.
_REMARKS = ("doc", "logicalType", "personal")


def without_remarks(schema: Any) -> Any:
    """The schema as far as it decides what a value is in bytes: two that differ in remarks only are the same."""
    if isinstance(schema, dict):
        return {key: without_remarks(value) for key, value in schema.items() if key not in _REMARKS}
    if isinstance(schema, list):
        return [without_remarks(branch) for branch in schema]
    return schema


class Encoder:
    """Encodes records of one schema."""

    def __init__(self, schema_name: str, schema_id: int) -> None:
        self._write = writer(load_schema(schema_name))
        self._prefix = _FRAME.pack(_MAGIC, schema_id)

    def encode(self, record: Any) -> bytes:
        """The framed value.

        Raises:
            ValueError, TypeError, KeyError, AttributeError: The record does not fit the schema.
        """
        return self._prefix + self._write(record)


class Decoder:
    """Decodes framed values of any version into the current schema.

    Args:
        schema_name: The schema to read into, a name in `schemas.avro.SCHEMA_FILES`.
        writer_schema: Gives the schema of an id; called once for each id. A `RegistryError` of status 404 says that
            there is none, and any other one leaves `decode` as it is.
        without: Fields that are not needed, as `Record.field`. They are passed over, and records do not have them,
            unless another version of the schema wrote them.
    """

    def __init__(
        self, schema_name: str, writer_schema: Callable[[int], dict[str, Any]], *, without: Collection[str] = ()
    ) -> None:
        self._without = frozenset(without)
        self._schema = without_remarks(load_schema(schema_name))
        self._writer_schema = writer_schema
        self._readers: dict[int, Read] = {}
        self._beginnings: dict[tuple[int, str], Read] = {}

    def decode(self, value: bytes) -> Any:
        """The record in a framed value.

        Raises:
            CodecError: It is not framed, nobody knows its schema, or its body does not fit it.
            RegistryError: The registry does not answer.
        """
        schema_id = schema_id_of(value)
        return _read(self._readers.get(schema_id) or self._reader(schema_id), value, schema_id)

    def decode_before(self, value: bytes, field: str) -> Any:
        """The fields of a record before one of them; a value of another version is decoded whole.

        What follows costs nothing, and nothing is proven of it.

        Args:
            value: The framed value.
            field: Name of the first field that is not needed; `payload.reference` is one of the nullable `payload`.

        Raises:
            CodecError: It is not framed, nobody knows its schema, or its beginning does not fit it.
            RegistryError: The registry does not answer.
        """
        schema_id = schema_id_of(value)
        return _read(self._beginnings.get((schema_id, field)) or self._beginning(schema_id, field), value, schema_id)

    def _reader(self, schema_id: int) -> Read:
        written = self._written(schema_id)
        if written == self._schema:
            self._readers[schema_id] = reader(written, without=self._without)
        else:
            self._readers[schema_id] = _resolving(written, self._schema)
        return self._readers[schema_id]

    def _beginning(self, schema_id: int, field: str) -> Read:
        written = self._written(schema_id)
        if written == self._schema:
            read = reader(_before(written, field), whole=False)
        else:
            read = self._readers.get(schema_id) or self._reader(schema_id)
        self._beginnings[schema_id, field] = read
        return read

    def _written(self, schema_id: int) -> Any:
        try:
            return without_remarks(self._writer_schema(schema_id))
        except RegistryError as error:
            if error.status != 404:
                raise
            raise CodecError("the schema that the value states is not in the registry") from error


def _before(schema: Any, field: str) -> Any:
    """The schema of a record's beginning."""
    name, _, inner = field.partition(".")
    fields = list(takewhile(lambda each: each["name"] != name, schema["fields"]))
    if inner:
        last = schema["fields"][len(fields)]
        null, record = last["type"]
        fields.append({**last, "type": [null, _before(record, inner)]})
    return {**schema, "fields": fields}


def _read(read: Read, value: bytes, schema_id: int) -> Any:
    try:
        return read(value, _FRAME.size)
    except Exception as error:  # readers raise whatever the torn bytes lead to
        raise CodecError(f"the value does not fit schema {schema_id}: {type(error).__name__}") from error


def _resolving(written: Any, wanted: Any) -> Read:
    """Reads another version of a schema into the one that is wanted."""
    writer_schema, reader_schema = parse_schema(written), parse_schema(wanted)

    def read(value: bytes, at: int) -> Any:
        body = BytesIO(value)
        body.seek(at)
        return schemaless_reader(body, writer_schema, reader_schema)

    return read


def schema_id_of(value: bytes) -> int:
    """The schema id of a framed value.

    Raises:
        CodecError: It is not framed.
    """
    if len(value) < _FRAME.size:
        raise CodecError(f"a value of {len(value)} bytes is too short to be framed")
    magic, schema_id = _FRAME.unpack_from(value)
    if magic != _MAGIC:
        raise CodecError(f"a framed value begins with a zero byte, not with {magic}")
    return int(schema_id)
