"""What is stored for a record: a pure projection, which `verify` compares with what OpenSearch holds.

OpenSearch Dashboards can't aggregate nested objects, so lists of records become plain lists and counts. Fields without
a value are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, cast

from schemas.records import SearchableMessage, Session, ToolCall
from schemas.topics import MESSAGES, SESSIONS, TOOL_CALLS

_NANO = 1_000_000_000


class Document(NamedTuple):
    """A document to store.

    Attributes:
        dataset: `sessions`, `messages` or `tool-calls`; `OpenSearchSettings.alias` gives the name of its index.
        id: Its id, the key of its record.
        version: Its external version: a higher one replaces a lower one.
        body: What is stored.
    """

    dataset: str
    id: str
    version: int
    body: dict[str, Any]


class _Projection(NamedTuple):
    dataset: str
    id_field: str
    body: Callable[[Any], dict[str, Any]]


def document(topic: str, record: Mapping[str, Any]) -> Document:
    """The document of a record.

    Args:
        topic: Name of its topic.
        record: Its value, of `schemas.records`.
    """
    projection = _PROJECTIONS[topic]
    body = {name: value for name, value in projection.body(record).items() if value is not None}
    return Document(projection.dataset, record[projection.id_field], record["version"], body)


def dataset_of(topic: str) -> str:
    """The dataset that a topic's records go to."""
    return _PROJECTIONS[topic].dataset


def _session(session: Session) -> dict[str, Any]:
    participants = session["participants"]
    return {
        **session,
        "duration_ms": max(0, session["last_activity_at"] - session["created_at"]),
        "participants": [participant["name"] or participant["id"] for participant in participants],
        "participant_ids": [participant["id"] for participant in participants],
        "participant_count": len(participants),
        **_models(session),
        **_tools(session),
        "cost_usd": session["cost_nanousd"] / _NANO,
        # A thousand switches of a session would each weigh as much in a chart as the only one of another.
        "context_switches": sorted({switch["kind"] for switch in session["context_switches"]}),
    }


def _models(session: Session) -> dict[str, Any]:
    used = session["models_used"]
    return {
        "models_used": [f"{usage['provider']}/{usage['model']}" for usage in used],
        "model_calls": sum(usage["calls"] for usage in used),
        "model_errors": sum(usage["errors"] for usage in used),
    }


def _tools(session: Session) -> dict[str, Any]:
    used = session["tool_invocations"]
    return {
        "tool_invocations": [usage["name"] for usage in used],
        "tools_failed": [usage["name"] for usage in used if usage["failed"]],
        "tool_calls": sum(usage["calls"] for usage in used),
        "tool_calls_succeeded": sum(usage["succeeded"] for usage in used),
        "tool_calls_failed": sum(usage["failed"] for usage in used),
        "tool_calls_pending": sum(usage["pending"] for usage in used),
    }


def _message(message: SearchableMessage) -> dict[str, Any]:
    return {**message, "cost_usd": message["cost_nanousd"] / _NANO}


def _tool_call(call: ToolCall) -> dict[str, Any]:
    return dict(cast(Mapping[str, Any], call))


_PROJECTIONS = {
    SESSIONS.name: _Projection("sessions", "session_id", _session),
    MESSAGES.name: _Projection("messages", "message_id", _message),
    TOOL_CALLS.name: _Projection("tool-calls", "tool_call_id", _tool_call),
}
