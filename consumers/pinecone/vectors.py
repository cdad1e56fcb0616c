"""What a record is to Pinecone: a vector whose metadata are the facts that are shown, and those that are filtered by.

Pinecone compares metadata as they stand, so what filters take without regard to case or by parts is kept in a second,
lower-case form, under names that begin with `by_`. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from consumers.embedded import Embedded
from schemas.topics import CHUNKS, SESSION_VECTORS
from schemas.vectors import decode_vector, space_slug

_LEVELS = {CHUNKS.name: "chunks", SESSION_VECTORS.name: "session-vectors"}
# What is neither shown nor filtered by, and is long.
_LEFT_OUT = frozenset({"vector", "context"})


def namespace_in(space: str, topic: str) -> str:
    """The namespace of a topic's records of a space."""
    return f"{_LEVELS[topic]}-{space_slug(space)}"


def is_of_chunks(namespace: str) -> bool:
    """Whether a namespace holds passages."""
    return namespace.startswith(f"{_LEVELS[CHUNKS.name]}-")


def vector_of(found: Embedded) -> dict[str, Any]:
    """The vector of a record, as the client takes it."""
    record = found.record
    assert record is not None
    metadata = {name: value for name, value in record.items() if value not in (None, []) and name not in _LEFT_OUT}
    return {"id": found.id, "values": list(decode_vector(record["vector"])), "metadata": metadata | _by(record)}


def folders_of(path: str) -> list[str]:
    """A folder and all that it lies in, lower case, with slashes."""
    names = path.replace("\\", "/").lower().rstrip("/").split("/")
    return ["/".join(names[:end]) or "/" for end in range(1, len(names) + 1)]


def _by(record: Mapping[str, Any]) -> dict[str, Any]:
    model = record.get("model")
    values = {
        "by_agent": record["agent_id"],
        "by_channel": record["channel"],
        "by_role": record.get("role"),
        "by_model": [model, f"{record.get('provider')}/{model}"] if model else None,
        "by_tool": record.get("tools_used"),
        "by_folder": folders_of(record["project"]) if record["project"] else None,
    }
    return {name: _lower(value) for name, value in values.items() if value}


def _lower(value: str | list[str]) -> str | list[str]:
    return value.lower() if isinstance(value, str) else [each.lower() for each in value]
