"""The file format of a segment: an Avro object container file, zstandard codec, equal bytes for equal records.

Source: https://avro.apache.org/docs/1.12.0/specification/#object-container-files
"""

from __future__ import annotations

import json
from collections.abc import Container, Iterator, Mapping
from hashlib import sha256
from io import BytesIO
from typing import Any

from fastavro import parse_schema, schemaless_reader, schemaless_writer
from zstandard import ZstdCompressor, ZstdDecompressor, ZstdError

from consumers.archive.blocks import BLOCK_SCHEMA, ArchiveRecord, BlockBuilder, FoldedRecord, read_block
from sessiontrack.errors import SessionTrackError

_MAGIC = b"Obj\x01"
_SYNC_BYTES = 16
_SCHEMA_KEY = "sessiontrack.schema."
# Compressed together: large enough for zstd to find what repeats, small enough to be held for each partition, and to be
# compressed again each time that a partition which is never full is put.
_BLOCK_BYTES = 2 * 1024 * 1024
# A tenth smaller than with zstd's own default, 3, for 10 µs a record; levels above cost more than they save.
_ZSTD_LEVEL = 6

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


class CorruptSegmentError(SessionTrackError):
    """An object of the archive is not what was put there."""


class ContainerBuilder:
    """Collects folded records as they come: what is full of them is compressed at once, and compressed once."""

    def __init__(self) -> None:
        self._blocks: list[bytes] = []
        self._open = BlockBuilder()

    def append(self, record: FoldedRecord) -> None:
        """Adds a record."""
        self._open.append(record)
        if self._open.size >= _BLOCK_BYTES:
            self._blocks.append(_compressed(self._open))
            self._open = BlockBuilder()

    def content(self, name: str, schemas: Mapping[int, Any]) -> bytes:
        """The file that holds the records so far; more may be added afterwards.

        Args:
            name: What the sync marker is made from.
            schemas: The schemas that wrote the records' values, by id.
        """
        sync = sha256(name.encode()).digest()[:_SYNC_BYTES]
        blocks = [*self._blocks, _compressed(self._open)] if len(self._open) else self._blocks
        file = BytesIO()
        schemaless_writer(file, _FILE_HEADER, {"magic": _MAGIC, "meta": _metadata(schemas), "sync": sync})
        for data in blocks:
            schemaless_writer(file, _FILE_BLOCK, {"count": 1, "data": data, "sync": sync})
        return file.getvalue()


def _compressed(block: BlockBuilder) -> bytes:
    # A compressor for each block: its tables, some megabytes, would outlive the moment, once for each partition.
    return ZstdCompressor(level=_ZSTD_LEVEL).compress(block.encoded())


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


def read_records(content: bytes, keys: Container[bytes] | None = None) -> Iterator[ArchiveRecord]:
    """The records in a file, one block decompressed at a time.

    Args:
        content: The file.
        keys: Only records with these keys, which takes little time for the others.

    Raises:
        CorruptSegmentError: It is not a segment's file, or it is torn.
    """
    file = BytesIO(content)
    sync = _header(file)["sync"]
    decompressor = ZstdDecompressor()
    while file.tell() < len(content):
        try:
            block: Any = schemaless_reader(file, _FILE_BLOCK, None)
            records = list(read_block(decompressor.decompress(block["data"]), keys))
        except (EOFError, ValueError, LookupError, ZstdError, OverflowError, MemoryError) as error:
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
        "avro.schema": _json(BLOCK_SCHEMA),
        **{f"{_SCHEMA_KEY}{schema_id}": _json(schemas[schema_id]) for schema_id in sorted(schemas)},
    }


def _json(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
