"""The file format of a segment: an Avro object container file, zstandard codec, equal bytes for equal records.

Source: https://avro.apache.org/docs/1.12.0/specification/#object-container-files
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from hashlib import sha256
from io import BytesIO
from typing import Any, TypedDict

from fastavro import parse_schema, schemaless_reader, schemaless_writer
from zstandard import ZstdCompressor, ZstdDecompressor, ZstdError

from sessiontrack.errors import SessionTrackError

_MAGIC = b"Obj\x01"
_SYNC_BYTES = 16
_SCHEMA_KEY = "sessiontrack.schema."
# Compressed together: large enough for zstd to find what repeats, small enough to be encoded while records come in.
_BLOCK_BYTES = 512 * 1024
# zstd's own default; 6 and above cost three times as much for a few per cent.
_ZSTD_LEVEL = 3

RECORD_SCHEMA: dict[str, Any] = {
    "type": "record",
    "name": "ArchiveRecord",
    "namespace": "sessiontrack.v1",
    "doc": "A record of the log, as it was.",
    "fields": [
        {"name": "offset", "type": "long", "doc": "Offset in its partition."},
        {"name": "timestamp", "type": "long", "doc": "Epoch milliseconds, as the producer set it."},
        {"name": "key", "type": "bytes", "doc": "Key."},
        {"name": "value", "type": ["null", "bytes"], "doc": "Framed value; null is a tombstone."},
        {
            "name": "headers",
            "type": {
                "type": "array",
                "items": {
                    "type": "record",
                    "name": "ArchiveHeader",
                    "fields": [{"name": "name", "type": "string"}, {"name": "value", "type": ["null", "bytes"]}],
                },
            },
            "doc": "Headers, in order.",
        },
    ],
}
_FILE_HEADER = parse_schema(
    {
        "type": "record",
        "name": "org.apache.avro.file.Header",
        "fields": [
            {"name": "magic", "type": {"type": "fixed", "name": "Magic", "size": len(_MAGIC)}},
            {"name": "meta", "type": {"type": "map", "values": "bytes"}},
            {"name": "sync", "type": {"type": "fixed", "name": "Sync", "size": _SYNC_BYTES}},
        ],
    }
)
_FILE_BLOCK = parse_schema(
    {
        "type": "record",
        "name": "FileBlock",
        "fields": [
            {"name": "count", "type": "long"},
            {"name": "data", "type": "bytes"},
            {"name": "sync", "type": {"type": "fixed", "name": "Sync", "size": _SYNC_BYTES}},
        ],
    }
)
_RECORD = parse_schema(RECORD_SCHEMA)
_ONE_BYTE = tuple(bytes([number]) for number in range(0x80))


class ArchiveHeader(TypedDict):
    """A header of a record."""

    name: str
    value: bytes | None


class ArchiveRecord(TypedDict):
    """A record of the log, as it was."""

    offset: int
    timestamp: int
    key: bytes
    value: bytes | None
    headers: Sequence[ArchiveHeader]


class CorruptSegmentError(SessionTrackError):
    """An object of the archive is not what was put there."""


class ContainerBuilder:
    """Encodes records as they come: what is full of them is compressed at once, and compressed once."""

    def __init__(self) -> None:
        self._blocks: list[tuple[int, bytes]] = []
        self._open = BytesIO()
        self._open_count = 0

    def append(self, record: bytes) -> None:
        """Adds a record, as `encode_record` made it."""
        self._open.write(record)
        self._open_count += 1
        if self._open.tell() >= _BLOCK_BYTES:
            self._blocks.append(self._compressed())
            self._open, self._open_count = BytesIO(), 0

    def content(self, name: str, schemas: Mapping[int, Any]) -> bytes:
        """The file that holds the records so far; more may be added afterwards.

        Args:
            name: What the sync marker is made from.
            schemas: The schemas that wrote the records' values, by id.
        """
        sync = sha256(name.encode()).digest()[:_SYNC_BYTES]
        blocks = [*self._blocks, self._compressed()] if self._open_count else self._blocks
        file = BytesIO()
        schemaless_writer(file, _FILE_HEADER, {"magic": _MAGIC, "meta": _metadata(schemas), "sync": sync})
        for count, data in blocks:
            schemaless_writer(file, _FILE_BLOCK, {"count": count, "data": data, "sync": sync})
        return file.getvalue()

    def _compressed(self) -> tuple[int, bytes]:
        # One for each block: its tables, some megabytes, would outlive the moment, once for each partition.
        return self._open_count, ZstdCompressor(level=_ZSTD_LEVEL).compress(self._open.getbuffer())


def encode_record(
    offset: int, timestamp: int, key: bytes, value: bytes | None, headers: Sequence[tuple[str, bytes | None]]
) -> bytes:
    """A record in the file's format: of `RECORD_SCHEMA`, written out here because it is done for every record.

    Args:
        offset: Offset in its partition.
        timestamp: Epoch milliseconds.
        key: Key.
        value: Framed value; None is a tombstone.
        headers: Headers, in order.
    """
    parts = [_long(offset), _long(timestamp), _long(len(key)), key, *_nullable(value)]
    if headers:
        parts.append(_long(len(headers)))
        for name, content in headers:
            parts += (_name(name), *_nullable(content))
    parts.append(_long(0))
    return b"".join(parts)


def _long(number: int) -> bytes:
    """A zigzag number of variable length."""
    rest = number << 1 ^ number >> 63
    if rest < 0x80:
        return _ONE_BYTE[rest]
    encoded = bytearray()
    while rest > 0x7F:
        encoded.append(rest & 0x7F | 0x80)
        rest >>= 7
    encoded.append(rest)
    return bytes(encoded)


def _nullable(content: bytes | None) -> tuple[bytes, ...]:
    return (_ONE_BYTE[0],) if content is None else (_ONE_BYTE[2], _long(len(content)), content)


# Producers use few names; whoever makes them up is not remembered without a bound.
@lru_cache(maxsize=256)
def _name(name: str) -> bytes:
    encoded = name.encode()
    return _long(len(encoded)) + encoded


def read_schemas(content: bytes) -> dict[int, Any]:
    """The schemas that wrote the values in a file, by id.

    Raises:
        CorruptSegmentError: It is not a segment's file.
    """
    meta = _header(BytesIO(content))["meta"]
    return {
        int(key.removeprefix(_SCHEMA_KEY)): json.loads(value)
        for key, value in meta.items()
        if key.startswith(_SCHEMA_KEY)
    }


def read_records(content: bytes) -> Iterator[ArchiveRecord]:
    """The records in a file, one block decompressed at a time.

    Raises:
        CorruptSegmentError: It is not a segment's file, or it is torn.
    """
    file = BytesIO(content)
    sync = _header(file)["sync"]
    decompressor = ZstdDecompressor()
    while file.tell() < len(content):
        try:
            block: Any = schemaless_reader(file, _FILE_BLOCK, None)
            data = BytesIO(decompressor.decompress(block["data"]))
            records: list[Any] = [schemaless_reader(data, _RECORD, None) for _ in range(block["count"])]
        except (EOFError, ValueError, ZstdError, OverflowError, MemoryError) as error:
            raise CorruptSegmentError(f"a block does not decode: {type(error).__name__}") from error
        if block["sync"] != sync:
            raise CorruptSegmentError("a block ends with another file's sync marker")
        yield from records


def _header(file: BytesIO) -> Any:
    try:
        header: Any = schemaless_reader(file, _FILE_HEADER, None)
    except (EOFError, ValueError, OverflowError, MemoryError) as error:
        raise CorruptSegmentError(f"the file header does not decode: {type(error).__name__}") from error
    if header["magic"] != _MAGIC:
        raise CorruptSegmentError("not an Avro object container file")
    return header


def _metadata(schemas: Mapping[int, Any]) -> dict[str, bytes]:
    return {
        "avro.codec": b"zstandard",
        "avro.schema": _json(RECORD_SCHEMA),
        **{f"{_SCHEMA_KEY}{schema_id}": _json(schemas[schema_id]) for schema_id in sorted(schemas)},
    }


def _json(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
