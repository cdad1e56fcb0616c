"""A block of records, folded, column by column: what is alike stands together, which is what zstandard is good at.

A block can be read without the blocks before it. Equal records give equal bytes.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from io import BytesIO
from typing import Any, NamedTuple, TypedDict

from fastavro import parse_schema, schemaless_reader

from consumers.archive.encoding import NULL, SOME, encode_array, encode_bytes, encode_headers, encode_long
from consumers.archive.folding import Folded, fold, unfold
from consumers.archive.known import End, Occurrence, known, occurrence

_HEADERS: dict[str, Any] = {
    "type": "array",
    "items": {
        "type": "record",
        "name": "ArchiveHeader",
        "fields": [{"name": "name", "type": "string"}, {"name": "value", "type": ["null", "bytes"]}],
    },
}
_END: dict[str, Any] = {
    "type": "record",
    "name": "ArchiveEnd",
    "fields": [
        {"name": "chain", "type": "bytes", "doc": "Chain of the line."},
        {"name": "lines", "type": "long", "doc": "Lines of the transcript up to there."},
        {"name": "bytes", "type": "long", "doc": "Bytes of the transcript up to there."},
    ],
}


def _array(items: Any) -> dict[str, Any]:
    return {"type": "array", "items": items}


BLOCK_SCHEMA: dict[str, Any] = {
    "type": "record",
    "name": "ArchiveBlock",
    "namespace": "sessiontrack.v1",
    "doc": "Records of the log, in order: item i of each field but `keys` is of record i. How a record's content is "
    "made of them is in docs/archive.md of SessionTrack.",
    "fields": [
        {"name": "lines", "type": "bytes", "doc": "The lines of the events, one behind the other."},
        {"name": "line_lengths", "type": _array("long"), "doc": "-1: no line; 0: up to the first newline; else bytes."},
        {"name": "rests", "type": "bytes", "doc": "What is outside holes of the contents, one behind the other."},
        {"name": "holes", "type": _array(_array("long")), "doc": "Bytes to the first hole; of each: number, bytes on."},
        {"name": "befores", "type": _array(["null", _END]), "doc": "End of the line before; null: of the key's last."},
        {"name": "families", "type": _array("string"), "doc": "Family of the event."},
        {"name": "keys", "type": _array("bytes"), "doc": "The distinct keys."},
        {"name": "key_indexes", "type": _array("long"), "doc": "Key, as an index into `keys`."},
        {"name": "offsets", "type": _array("long"), "doc": "Offset in the partition, less that of the record before."},
        {"name": "timestamps", "type": _array("long"), "doc": "Epoch ms, less that of the record before."},
    ],
}
_BLOCK = parse_schema(BLOCK_SCHEMA)
_HEADERS_READ = parse_schema(_HEADERS)


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


class FoldedRecord(NamedTuple):
    """A record, ready for a block.

    Attributes:
        offset: Offset in its partition.
        timestamp: Epoch milliseconds.
        key: Key.
        of: The line that it is of; None where it is of none.
        holes: Holes of its content, which is its headers and its value, in the block's format.
        rest: What is outside holes.
    """

    offset: int
    timestamp: int
    key: bytes
    of: Occurrence | None
    holes: bytes
    rest: bytes

    @property
    def size(self) -> int:
        """Its bytes in a block, nearly."""
        return len(self.holes) + len(self.rest) + (len(self.of.line) if self.of else 0)


def fold_record(
    offset: int,
    timestamp: int,
    key: bytes,
    value: bytes | None,
    headers: Sequence[tuple[str, bytes | None]],
    of: Occurrence | None = None,
) -> FoldedRecord:
    """Folds a record.

    Args:
        offset: Offset in its partition.
        timestamp: Epoch milliseconds.
        key: Key.
        value: Framed value; None is a tombstone.
        headers: Headers, in order.
        of: The line that it is of. The record is kept as it was whatever this says; it is small if it is so.
    """
    content = encode_headers(headers) + (NULL if value is None else SOME + value)
    holes, rest = fold(content, known(key, of))
    encoded_holes = encode_array([encode_long(each) for each in holes])
    return FoldedRecord(offset, timestamp, key, of, encoded_holes, rest)


class BlockBuilder:
    """Collects the records of a block.

    Attributes:
        size: Bytes of its records.
    """

    def __init__(self) -> None:
        self.size = 0
        self._records: list[FoldedRecord] = []

    def __len__(self) -> int:
        return len(self._records)

    def append(self, record: FoldedRecord) -> None:
        """Adds a record."""
        self._records.append(record)
        self.size += record.size

    def encoded(self) -> bytes:
        """The block of the records so far, of `BLOCK_SCHEMA`."""
        records = self._records
        keys = {record.key: None for record in records}
        index = {key: encode_long(number) for number, key in enumerate(keys)}
        lines = [record.of.line if record.of else None for record in records]
        columns = (
            encode_bytes(b"".join(filter(None, lines))),
            encode_array([encode_long(_stated_length(line)) for line in lines]),
            encode_bytes(b"".join(record.rest for record in records)),
            encode_array([record.holes for record in records]),
            encode_array(_befores(records)),
            encode_array([encode_bytes(record.of.family.encode()) if record.of else NULL for record in records]),
            encode_array([encode_bytes(key) for key in keys]),
            encode_array([index[record.key] for record in records]),
            encode_array(_differences([record.offset for record in records])),
            encode_array(_differences([record.timestamp for record in records])),
        )
        return b"".join(columns)


def read_block(data: bytes, keys: Container[bytes] | None = None) -> Iterator[ArchiveRecord]:
    """The records in a block.

    Args:
        data: The block, decompressed.
        keys: Only records with these keys.

    Raises:
        EOFError, ValueError, LookupError, OverflowError, MemoryError: It is none.
    """
    block: Any = schemaless_reader(BytesIO(data), _BLOCK, None)
    ends: dict[bytes, End] = {}
    lines, rests = BytesIO(block["lines"]), BytesIO(block["rests"])
    offset = timestamp = 0
    for number, (index, holes) in enumerate(zip(block["key_indexes"], block["holes"], strict=True)):
        key = block["keys"][index]
        offset += block["offsets"][number]
        timestamp = _wrapped(timestamp + block["timestamps"][number])
        line, rest = _line(lines, block["line_lengths"][number]), rests.read(sum(holes[::2]))
        if keys is not None and key not in keys:
            continue
        of = None
        if line is not None:
            before = block["befores"][number]
            of = occurrence(line, End(**before) if before else ends[key], block["families"][number])
            ends[key] = of.end
        yield _record(offset, timestamp, key, unfold(Folded(holes, rest), known(key, of)))


def _line(lines: BytesIO, stated: int) -> bytes | None:
    if stated < 0:
        return None
    return lines.read(stated) if stated else lines.readline()


def _stated_length(line: bytes | None) -> int:
    if line is None:
        return -1
    return 0 if line.find(b"\n") == len(line) - 1 else len(line)


def _record(offset: int, timestamp: int, key: bytes, content: bytes) -> ArchiveRecord:
    rest = BytesIO(content)
    headers: Any = schemaless_reader(rest, _HEADERS_READ, None)
    value = rest.read() if rest.read(1) == SOME else None
    return ArchiveRecord(offset=offset, timestamp=timestamp, key=key, value=value, headers=headers)


def _befores(records: Sequence[FoldedRecord]) -> list[bytes]:
    """Where each record's line begins, where that is not where the last line of its key ended."""
    ends: dict[bytes, End] = {}
    encoded = []
    for record in records:
        if record.of is None:
            encoded.append(NULL)
            continue
        before = record.of.before
        encoded.append(NULL if ends.get(record.key) == before else SOME + _end(before))
        ends[record.key] = record.of.end
    return encoded


def _end(end: End) -> bytes:
    return encode_bytes(end.chain) + encode_long(end.lines) + encode_long(end.bytes)


def _differences(numbers: Sequence[int]) -> list[bytes]:
    pairs = zip([0, *numbers], numbers, strict=False)
    return [encode_long(_wrapped(number - before)) for before, number in pairs]


def _wrapped(number: int) -> int:
    """The number modulo 2^64, as 64 bits hold it: producers may set any two times."""
    return (number + (1 << 63)) % (1 << 64) - (1 << 63)
