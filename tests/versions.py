"""Values that each version of each schema wrote, kept for ever: `python -m tests.versions` adds those that are missing.

A fixture is a segment as the spool has them: the schema that wrote it, then framed values. It is written once, with the
version that it is of, and never again: what it holds is what logs and archives hold.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import schemas
from producers.spool.segments import SegmentWriter, framed, read_records
from producers.transcript import Transcript, TranscriptSource, context_event, head_event, lifecycle_event
from schemas.avro import SCHEMA_FILES, load_schema
from schemas.codec import without_remarks
from schemas.records import SessionEvent
from schemas.topics import EVENTS, MESSAGES, SESSIONS, TOOL_CALLS
from schemas.writer import writer
from streams.derive import derive

VERSIONS = Path(schemas.__file__).parent / "avro" / "versions"
FIXTURES = Path(__file__).parent / "cases" / "versions"
_FRAME_BYTES = 5
_TEXT = "0d3a6f4e-5b8c-5f7e-9a1b-2c3d4e5f6a7b"  # fits where an id is wanted as well
_AT = 1_795_309_000_000
_LEAVES = {"string": _TEXT, "bytes": bytes(range(32)), "long": _AT, "int": 7, "boolean": True, "double": 0.5}
_USAGE = {"input": 10, "output": 5, "cacheRead": 3, "cacheWrite": 2, "totalTokens": 20, "cost": {"total": 0.0125}}
_CALL = {"type": "toolCall", "id": "call_1", "name": "exec", "arguments": {"command": "ls"}}
_RESULT = {"toolCallId": "call_1", "toolName": "exec", "isError": False, "details": {"exitCode": 0}}
# A line of each kind of entry.
_LINES: tuple[dict[str, Any], ...] = (
    {"type": "session", "version": 3, "id": _TEXT, "cwd": "/home/ada/garden", "parentSession": "other.jsonl"},
    {"type": "model_change", "provider": "anthropic", "modelId": "claude-opus-4-5"},
    {"type": "thinking_level_change", "thinkingLevel": "low"},
    {"type": "message", "message": {"role": "user", "content": "[Telegram Ada id:42] water the beans", "timestamp": 1}},
    {
        "type": "message",
        "message": {
            "role": "assistant",
            "content": [{"type": "thinking", "thinking": "Beans."}, {"type": "text", "text": "Soon."}, _CALL],
            "provider": "anthropic",
            "model": "claude-opus-4-5",
            "api": "anthropic-messages",
            "usage": _USAGE,
            "stopReason": "toolUse",
        },
    },
    {
        "type": "message",
        "message": {"role": "toolResult", "content": [{"type": "image", "data": "AA==", "mimeType": "image/png"}]}
        | _RESULT,
    },
    {"type": "compaction", "summary": "Beans.", "firstKeptEntryId": "00000004", "tokensBefore": 9},
    {"type": "branch_summary", "fromId": "00000004", "summary": "Peas."},
    {"type": "custom", "customType": "sown", "data": {"beans": 4}},
    {"type": "custom_message", "customType": "note", "content": "Rain.", "display": True},
    {"type": "label", "targetId": "00000004", "label": "beans"},
    {"type": "session_info", "name": "Garden"},
    {"type": "reset"},
    {"type": "leaf", "targetId": "00000005"},
    {"type": "unheard_of", "something": 1},
)


def versions(name: str) -> list[int]:
    """The committed versions of a schema."""
    return sorted(int(path.stem) for path in (VERSIONS / name).glob("*.avsc"))


def fixture(name: str, version: int) -> Path:
    """Where the fixture of a version is."""
    return FIXTURES / name / f"{version}.segment"


def read_fixture(name: str, version: int) -> tuple[dict[str, Any], list[bytes]]:
    """The schema of a fixture, and its framed values."""
    path = fixture(name, version)
    with path.open("rb") as file:
        schema, *values = [body for _, body in read_records(file, path.stat().st_size)]
    return json.loads(schema), values


def body_of(value: bytes) -> bytes:
    """A framed value without its frame."""
    return value[_FRAME_BYTES:]


def schema_of(name: str, version: int) -> dict[str, Any]:
    """A committed version of a schema."""
    schema: dict[str, Any] = json.loads((VERSIONS / name / f"{version}.avsc").read_text("utf-8"))
    return schema


def write_fixture(name: str, version: int) -> None:
    """Writes the fixture of a version with the records of today."""
    schema, path = schema_of(name, version), fixture(name, version)
    write, frame = writer(without_remarks(schema)), bytes([0, *version.to_bytes(4)])
    values = [framed(frame + write(record)) for record in [*_records(name), _filled(schema, {})]]
    path.parent.mkdir(parents=True, exist_ok=True)
    segment = SegmentWriter(path, json.dumps(schema).encode())
    segment.append(b"".join(values))
    segment.close()


def _events() -> Iterator[SessionEvent]:
    source = TranscriptSource(session_id=_TEXT, agent_id="main", brand="openclaw", file_name=f"{_TEXT}.jsonl")
    transcript = Transcript(source)
    for number, fields in enumerate(_LINES):
        at = f"2026-11-22T00:51:{number:02}.000Z"
        stated = {"id": f"{number:08x}", "parentId": f"{number - 1:08x}" if number > 1 else None, "timestamp": at}
        yield transcript.append(json.dumps(stated | fields).encode() + b"\n", captured_at=_AT)
    yield transcript.append(b"torn {\n", captured_at=_AT)
    head: dict[str, Any] = {"reason": "IMPORTED", "state": "RESET", "archived_at": _AT}
    yield head_event(source, transcript.position, captured_at=_AT, **head)
    context = _filled(load_schema(EVENTS.schema), {})["payload"]["context"]
    context |= {"channel": "telegram", "parent_session_id": None}
    yield context_event(source, context, captured_at=_AT, occurred_at=_AT)
    yield lifecycle_event(source, "reset", _AT, provenance="OBSERVED", captured_at=_AT)


def _records(name: str) -> list[Any]:
    events = list(_events())
    derived = derive(events)
    records: dict[str, list[Any]] = {
        EVENTS.schema: list(events),
        SESSIONS.schema: list(derived.sessions.values()),
        MESSAGES.schema: list(derived.messages.values()),
        TOOL_CALLS.schema: list(derived.tool_calls.values()),
    }
    return records.get(name, [])


def _filled(schema: Any, named: dict[str, Any]) -> Any:
    """A value of a schema of which no part is empty."""
    if isinstance(schema, list):
        return _filled(schema[-1], named)
    if isinstance(schema, str):
        return _LEAVES[schema] if schema in _LEAVES else _filled(named[schema], named)
    match schema["type"]:
        case "record":
            named[schema["name"]] = schema
            return {field["name"]: _filled(field["type"], named) for field in schema["fields"]}
        case "enum":
            named[schema["name"]] = schema
            return schema["symbols"][-1]
        case "array":
            return [_filled(schema["items"], named)]
        case "map":
            return {_TEXT: _filled(schema["values"], named)}
        case other:
            return _filled(other, named)


if __name__ == "__main__":
    for each in SCHEMA_FILES:
        for number in versions(each):
            if not fixture(each, number).exists():
                write_fixture(each, number)
