"""What the topics, tables and indexes hold, field by field, and where each comes from."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from consumers.opensearch.documents import dataset_of
from consumers.postgres.activity import ACTIVITY
from consumers.postgres.rows import Column, Relation
from docs.generate.markdown import code
from infra.opensearch.setup import index_template
from schemas.avro import load_schema
from schemas.topics import CHUNKS, DERIVED, SESSION_VECTORS, Topic
from sessiontrack.settings import OpenSearchSettings

# What documents hold beyond, or other than, the fields of their record: index field by dataset, and what it is made of.
COMPUTED: dict[str, dict[str, str]] = {
    "sessions": {
        "duration_ms": "`last_activity_at` - `created_at`, at least 0",
        "participants": "`participants[].name`, else `participants[].id`",
        "participant_ids": "`participants[].id`",
        "participant_count": "how many participants",
        "models_used": "`models_used[].provider`/`models_used[].model`",
        "model_calls": "sum of `models_used[].calls`",
        "model_errors": "sum of `models_used[].errors`",
        "tool_invocations": "`tool_invocations[].name`",
        "tools_failed": "`tool_invocations[].name` where `failed` > 0",
        "tool_calls": "sum of `tool_invocations[].calls`",
        "tool_calls_succeeded": "sum of `tool_invocations[].succeeded`",
        "tool_calls_failed": "sum of `tool_invocations[].failed`",
        "tool_calls_pending": "sum of `tool_invocations[].pending`",
        "cost_usd": "`cost_nanousd` / 10^9",
        "context_switches": "the distinct `context_switches[].kind`",
    },
    "messages": {"cost_usd": "`cost_nanousd` / 10^9"},
    "tool-calls": {},
    "chunks": {},
    "session-vectors": {},
}
# Likewise the columns of sums over messages.
_SUMMED = {
    "quarter": "`timestamp`, rounded down",
    "provider": "`provider` where `model_call`",
    "model": "`model` where `model_call`",
    "messages": "how many, by `role`",
    "calls": "how many have `model_call`",
    "call_errors": "how many have `model_call` and `is_error`",
    "errors": "how many have `is_error`",
    "total_tokens": "sum of `total_tokens`",
    "cost_nanousd": "sum of `cost_nanousd`",
}
_VECTORS = {"chunks": CHUNKS, "session-vectors": SESSION_VECTORS}


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a topic, column of a table, or field of an index.

    Attributes:
        path: Its name; of one inside another the path, `[]` for each item of a list.
        type: Its type.
        meaning: What it says.
        origin: What it is made of; empty in a topic.
        nullable: Whether it may be null.
        default: Its default as JSON, where it has one.
        personal: Whether it may hold personal data.
    """

    path: str
    type: str
    meaning: str
    origin: str = ""
    nullable: bool = False
    default: str = ""
    personal: bool = False


def topic_fields(topic: Topic) -> list[Field]:
    """The fields of a topic's records, those inside others included."""
    return list(_avro_fields(load_schema(topic.schema)["fields"], ""))


def columns(of: Relation) -> list[Field]:
    """The columns of a table."""
    fields = topic_fields(of.topic)
    return [
        Field(
            column.name,
            column.type,
            column.comment,
            origin=_origin(of, column),
            nullable=column.nullable,
            personal=_is_personal(_origin(of, column), fields),
        )
        for column in of.columns
    ]


def index_fields(dataset: str) -> list[Field]:
    """The fields of an index."""
    fields = topic_fields(topic_of(dataset))
    said = {field.path: field.meaning for field in fields} | dict.fromkeys(COMPUTED[dataset])
    properties = index_template(OpenSearchSettings(), dataset)["template"]["mappings"]["properties"]
    found = []
    for path, mapping in _mapped(properties, ""):
        origin = COMPUTED[dataset].get(path, code(path))
        meaning = said.get(path) or mapping.get("meta", {}).get("description", "")
        found.append(Field(path, _mapped_type(mapping), meaning, origin, personal=_is_personal(origin, fields)))
    return found


def topic_of(dataset: str) -> Topic:
    """The topic whose records an index holds."""
    return _VECTORS.get(dataset) or next(topic for topic in DERIVED if dataset_of(topic.name) == dataset)


def _is_personal(origin: str, fields: list[Field]) -> bool:
    """Whether one of the fields that are named as code in `origin`, or one inside them, is personal."""
    named = re.findall("`([^`]+)`", origin)
    return any(field.personal and _is_within(field.path, named) for field in fields)


def _is_within(path: str, named: list[str]) -> bool:
    return any(path == name or path.startswith((f"{name}.", f"{name}[]")) for name in named)


def _avro_fields(fields: list[dict[str, Any]], prefix: str) -> Iterator[Field]:
    for field in fields:
        schema, path = field["type"], prefix + field["name"]
        nullable = isinstance(schema, list)
        if nullable:
            schema = next(branch for branch in schema if branch != "null")
        yield Field(
            path,
            _avro_type(schema),
            field.get("doc", ""),
            nullable=nullable,
            default=_default(field),
            personal=field.get("personal", False),
        )
        suffix, inner = _inside(schema)
        yield from _avro_fields(inner, f"{path}{suffix}.")


def _inside(schema: Any) -> tuple[str, list[dict[str, Any]]]:
    """How the fields inside a field are reached, and what they are."""
    if not isinstance(schema, dict):
        return "", []
    if schema["type"] == "array":
        suffix, fields = _inside(schema["items"])
        return f"[]{suffix}", fields
    return "", schema.get("fields", [])


def _avro_type(schema: Any) -> str:
    if isinstance(schema, str):
        return schema
    match schema["type"]:
        case "array":
            return f"list of {_avro_type(schema['items'])}"
        case "map":
            return f"map of {_avro_type(schema['values'])}"
        case "enum":
            return "one of " + ", ".join(schema["symbols"])
        case "record":
            return str(schema["name"])
        case plain:
            return str(schema.get("logicalType", plain))


def _default(field: dict[str, Any]) -> str:
    return "" if field.get("default") is None else json.dumps(field["default"])


def _origin(of: Relation, column: Column) -> str:
    if column.name == "body":
        return "the field of `payload` that is named like `kind`"
    if of.name == "model_usage" and column.name not in ("session_id", "version"):
        return code(f"models_used[].{column.name}")
    if of == ACTIVITY:
        return _SUMMED.get(column.name, code(column.name))
    return code(column.name)


def _mapped(properties: dict[str, Any], prefix: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, mapping in properties.items():
        if "properties" in mapping:
            yield from _mapped(mapping["properties"], f"{prefix}{name}.")
        else:
            yield prefix + name, mapping


def _mapped_type(mapping: dict[str, Any]) -> str:
    views = ", ".join(f".{name}" for name in mapping.get("fields", {}))
    return f"{mapping['type']} ({views})" if views else str(mapping["type"])
