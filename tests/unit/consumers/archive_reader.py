"""Reads a segment as docs/archive.md says, with nothing of ours: what a stranger would write, years from now."""

from __future__ import annotations

import json
import math
import re
import struct
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha1, sha256
from io import BytesIO
from typing import Any
from uuid import UUID

from avro.datafile import DataFileReader
from avro.io import DatumReader
from fastavro import schemaless_reader, schemaless_writer

HEADERS = {
    "type": "array",
    "items": {
        "type": "record",
        "name": "Header",
        "fields": [{"name": "name", "type": "string"}, {"name": "value", "type": ["null", "bytes"]}],
    },
}
NAMESPACE = UUID("63bc531a-4e41-5444-9335-178ecb10b87a")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)


def read_segment(content: bytes) -> Iterator[dict[str, Any]]:
    """The records of a segment."""
    with DataFileReader(BytesIO(content), DatumReader()) as blocks:
        for block in blocks:
            yield from records(block)


def records(block: Any) -> Iterator[dict[str, Any]]:
    lines, rests, offset, timestamp = BytesIO(block["lines"]), BytesIO(block["rests"]), 0, 0
    ends: dict[bytes, Any] = {}
    for i, holes in enumerate(block["holes"]):
        offset += block["offsets"][i]
        timestamp = (timestamp + block["timestamps"][i] + 2**63) % 2**64 - 2**63
        key, length, line, before = block["keys"][block["key_indexes"][i]], block["line_lengths"][i], None, None
        if length >= 0:
            line = lines.read(length) if length else lines.readline()
            before = block["befores"][i] or ends[key]
            chain = sha256(before["chain"] + sha256(line).digest()).digest()
            ends[key] = {"chain": chain, "lines": before["lines"] + 1, "bytes": before["bytes"] + len(line)}
        known = what_is_known(key, line, before, ends.get(key), block["families"][i])
        parts = [known[number] if n % 2 else rests.read(number) for n, number in enumerate(holes)]
        content = BytesIO(b"".join(parts))
        headers = schemaless_reader(content, HEADERS, None)
        value = content.read() if content.read(1) == b"\x02" else None
        yield {"offset": offset, "timestamp": timestamp, "key": key, "value": value, "headers": headers}


def what_is_known(key: bytes, line: bytes | None, before: Any, end: Any, family: str) -> list[bytes]:
    if line is None:
        return [b"", avro(key), key]
    name = b"".join(struct.pack(">I", len(part)) + part for part in (family.encode(), key, end["chain"]))
    known = [avro(line), avro(key), key, avro(before["chain"]), avro(end["chain"])]
    known.append(avro(str(UUID(bytes=sha1(NAMESPACE.bytes + name).digest()[:16], version=5)).encode()))
    known.append(avro(end["lines"]) + b"\x02" + avro(before["bytes"]))
    try:
        parsed = json.loads(line.decode(), parse_int=number, parse_float=number, parse_constant=refused)
    except (ValueError, RecursionError):
        return known
    if not isinstance(parsed, dict) or depth(parsed) > 64:
        return known
    return [*known, avro(entry_key(parsed)), *leaves(parsed)]


def entry_key(line: dict[str, Any]) -> bytes:
    line = {name: line[name] for name in line if name not in ("id", "parentId") and not name.startswith("firstKept")}
    if line.get("type") == "session":
        line.pop("version", None)
    message = line.get("message")
    if line.get("type") == "message" and isinstance(message, dict) and message.get("role") == "hookMessage":
        line["message"] = {**message, "role": "custom"}
    return sha256(json.dumps(line, sort_keys=True, separators=(",", ":")).encode()).digest()


def leaves(line: dict[str, Any]) -> list[bytes]:
    found: list[str] = []
    stack: list[Any] = [line]
    while stack:
        value = stack.pop()
        if isinstance(value, (dict, list)):
            stack += reversed(list(value.values()) if isinstance(value, dict) else value)
        elif isinstance(value, str) and len(value) >= 8 and value not in found:
            found.append(value)
    encoded = []
    for leaf in found:
        encoded.append(avro(leaf.encode("utf-8", "surrogatepass")))
        if TIME.fullmatch(leaf):
            try:
                moment = datetime.strptime(leaf, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
            except ValueError:
                continue
            encoded += [avro(round(moment.timestamp() * 1000)), avro(leaf.replace("Z", "+00:00").encode())]
    return encoded


def depth(value: Any) -> int:
    if not isinstance(value, (dict, list)):
        return 0
    return 1 + max(map(depth, value.values() if isinstance(value, dict) else value), default=0)


def number(text: str) -> int | float:
    found = float(text)
    if math.isinf(found):
        raise ValueError(text)
    return int(found) if found.is_integer() and abs(found) < 2**53 else found


def refused(text: str) -> None:
    raise ValueError(text)


def avro(value: bytes | int) -> bytes:
    buffer = BytesIO()
    schemaless_writer(buffer, {"type": "long" if isinstance(value, int) else "bytes"}, value)
    return buffer.getvalue()
