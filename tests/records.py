"""Records for tests: whole ones, of which a test states only what it is about."""

from __future__ import annotations

from typing import Any

from schemas.avro import load_schema
from schemas.topics import BY_NAME, CHUNKS, EVENTS, MESSAGES, SESSION_VECTORS, SESSIONS, TOOL_CALLS

_EMPTY = {"string": "", "bytes": b"", "long": 0, "int": 0, "boolean": False, "array": [], "map": {}}


def event(**fields: Any) -> Any:
    """A SessionEvent."""
    return record(EVENTS.name, **({"kind": "CUSTOM"} | fields))


def session(**fields: Any) -> Any:
    """A Session."""
    return record(SESSIONS.name, **({"version": 1} | fields))


def message(**fields: Any) -> Any:
    """A SearchableMessage."""
    return record(MESSAGES.name, **({"version": 1, "role": "user", "origin": "USER"} | fields))


def tool_call(**fields: Any) -> Any:
    """A ToolCall."""
    return record(TOOL_CALLS.name, **({"version": 1, "outcome": "pending", "name": "exec"} | fields))


def chunk(**fields: Any) -> Any:
    """A Chunk."""
    return record(CHUNKS.name, **({"version": 1, "chunk_count": 1} | fields))


def session_vector(**fields: Any) -> Any:
    """A SessionVector."""
    return record(SESSION_VECTORS.name, **({"version": 1} | fields))


def record(topic: str, /, **fields: Any) -> Any:
    """A record of a topic: each field as given, else its default, else empty."""
    schema = load_schema(BY_NAME[topic].schema)
    unknown = fields.keys() - {field["name"] for field in schema["fields"]}
    assert not unknown, f"{topic} has no {unknown}"
    return _record(schema, fields)


def payload(**bodies: Any) -> Any:
    """The payload of an event."""
    fields = {field["name"]: field for field in load_schema(EVENTS.schema)["fields"]}
    return _record(fields["payload"]["type"][1], bodies)


def _record(schema: dict[str, Any], fields: dict[str, Any]) -> dict[str, Any]:
    return {
        field["name"]: fields[field["name"]] if field["name"] in fields else _absent(field)
        for field in schema["fields"]
    }


def _absent(field: dict[str, Any]) -> Any:
    return field["default"] if "default" in field else _empty(field["type"])


def _empty(schema: Any) -> Any:
    if isinstance(schema, str):
        return _EMPTY[schema]
    match schema["type"]:
        case "record":
            return _record(schema, {})
        case "enum":
            return schema["symbols"][0]
        case other:
            return _EMPTY[other]
