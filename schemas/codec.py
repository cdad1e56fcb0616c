"""Avro values in the Confluent wire format: a zero byte, the schema id as four bytes big-endian, the Avro body.

Source: https://docs.confluent.io/platform/current/schema-registry/fundamentals/serdes-develop/index.html#wire-format
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from io import BytesIO
from struct import Struct
from typing import Any

from fastavro import parse_schema, schemaless_reader, schemaless_writer

from schemas.avro import load_schema

_FRAME = Struct(">bI")
_MAGIC = 0


class CodecError(Exception):
    """A value that can't be decoded: not framed, of an unknown schema, or torn."""


def without_logical_types(schema: Any) -> Any:
    """The schema with times left as the numbers they are: a stage compares and sums them, nobody reads them."""
    if isinstance(schema, dict):
        return {key: without_logical_types(value) for key, value in schema.items() if key != "logicalType"}
    if isinstance(schema, list):
        return [without_logical_types(branch) for branch in schema]
    return schema


def _branch_namer(schema: Any) -> Callable[[Any], Any] | None:
    """Makes what names the branch of each union of null and a record, as fastavro's tuple notation does.

    Without a name fastavro finds the branch by validating the value, down to its leaves and once more at each level,
    which takes ten times as long as writing it.

    Args:
        schema: A parsed schema.

    Returns:
        Takes a value of this schema; None where no such union is in it.
    """
    if isinstance(schema, list):
        record = next((branch for branch in schema if isinstance(branch, dict) and branch["type"] == "record"), None)
        if record is None:
            return None
        name, inner = record["name"], _branch_namer(record)
        return (lambda value: (name, inner(value))) if inner else (lambda value: (name, value))
    if not isinstance(schema, dict):
        return None
    if schema["type"] == "array":
        item = _branch_namer(schema["items"])
        return (lambda values: [item(value) for value in values]) if item else None
    namers = {
        field["name"]: namer
        for field in schema.get("fields", ())
        if (namer := _branch_namer(field["type"])) is not None
    }
    return partial(_name_branches, namers) if namers else None


def _name_branches(namers: dict[str, Callable[[Any], Any]], record: dict[str, Any]) -> dict[str, Any]:
    named = dict(record)
    for field, namer in namers.items():
        value = record.get(field)
        if value is not None:
            named[field] = namer(value)
    return named


class Encoder:
    """Encodes records of one schema."""

    def __init__(self, schema_name: str, schema_id: int) -> None:
        self._schema = parse_schema(without_logical_types(load_schema(schema_name)))
        self._name_branches = _branch_namer(self._schema) or (lambda record: record)
        self._prefix = _FRAME.pack(_MAGIC, schema_id)

    def encode(self, record: Any) -> bytes:
        """The framed value.

        Raises:
            ValueError, TypeError, KeyError: The record does not fit the schema.
        """
        buffer = BytesIO()
        buffer.write(self._prefix)
        schemaless_writer(buffer, self._schema, self._name_branches(record))
        return buffer.getvalue()


class Decoder:
    """Decodes framed values of any version into the current schema.

    Args:
        schema_name: The schema to read into, a name in `schemas.avro.SCHEMA_FILES`.
        writer_schema: Gives the schema of an id; called once for each id.
    """

    def __init__(self, schema_name: str, writer_schema: Callable[[int], dict[str, Any]]) -> None:
        self._reader = parse_schema(without_logical_types(load_schema(schema_name)))
        self._writer_schema = writer_schema
        self._writers: dict[int, Any] = {}

    def decode(self, value: bytes) -> Any:
        """The record in a framed value.

        Raises:
            CodecError: It is not framed, or its body does not fit its schema.
        """
        schema_id = schema_id_of(value)
        writer = self._writers.get(schema_id)
        if writer is None:
            writer = parse_schema(without_logical_types(self._writer_schema(schema_id)))
            # The same schema needs no resolution, which would halve the speed.
            self._writers[schema_id] = writer
        body = BytesIO(value)
        body.seek(_FRAME.size)
        try:
            return schemaless_reader(body, writer, None if writer == self._reader else self._reader)
        except Exception as error:  # fastavro raises whatever the torn bytes lead to
            raise CodecError(f"the value does not fit schema {schema_id}: {type(error).__name__}") from error


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
