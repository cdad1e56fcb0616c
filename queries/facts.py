"""Records as programs read them: times as ISO 8601, digests in hexadecimal, costs in dollars. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from producers.clawdbot.envelope import without_envelope
from queries.times import iso

if TYPE_CHECKING:
    from queries.generations import Generation
    from schemas.records import SearchableMessage, Session, SessionEvent, ToolCall

NANO = 10**9


def session_facts(row: Session) -> dict[str, Any]:
    """What is counted and known of a session."""
    times = {
        "created_at": row["created_at"],
        "last_activity_at": row["last_activity_at"],
        "closed_at": row["closed_at"],
    }
    return {
        **row,
        **{name: iso(time) for name, time in times.items()},
        "cost_usd": row["cost_nanousd"] / NANO,
        "context_switches": [{**switch, "at": iso(switch["at"])} for switch in row["context_switches"]],
    }


def message_facts(row: SearchableMessage) -> dict[str, Any]:
    """A message; `said` is what a person wrote where the product puts an envelope around it, else None."""
    said = without_envelope(row["text"]) if row["role"] == "user" else row["text"]
    return {
        **row,
        "timestamp": iso(row["timestamp"]),
        "cost_usd": row["cost_nanousd"] / NANO,
        "said": said if said != row["text"] else None,
    }


def tool_call_facts(row: ToolCall) -> dict[str, Any]:
    """A tool call."""
    return {**row, "started_at": iso(row["started_at"]), "ended_at": iso(row["ended_at"])}


def generation_facts(generation: Generation) -> dict[str, Any]:
    """A generation of a transcript."""
    return {
        "number": generation.number,
        "head": generation.chain.hex(),
        "sha256": generation.sha256.hex() if generation.sha256 else None,
        "state": generation.state,
        "lines": generation.lines,
        "bytes": generation.size,
        "archived_at": iso(generation.archived_at),
        "current": generation.current,
    }


def event_facts(event: SessionEvent) -> dict[str, Any]:
    """An event, with the body of its kind, and without the bytes of its line: `export` gives these."""
    payload = event["payload"]
    body: dict[str, Any] | None = payload.get(event["kind"].lower()) if payload else None  # type: ignore[assignment]
    return {
        "event_id": event["event_id"],
        "kind": event["kind"],
        "entry_type": event["entry_type"],
        "session_id": event["session_id"],
        "agent_id": event["agent_id"],
        "occurred_at": iso(event["occurred_at"]),
        "captured_at": iso(event["captured_at"]),
        "chain": event["chain"].hex() if event["chain"] else None,
        "entry_id": event["entry_id"],
        "parent_entry_id": event["parent_entry_id"],
        "line_number": event["line_number"],
        "inherited": event["inherited"],
        "body": None if body is None else {name: _plain(value) for name, value in body.items()},
    }


def printable(value: Any) -> Any:
    """A decoded record as JSON takes it: bytes that are text as text, others in hexadecimal."""
    if isinstance(value, dict):
        return {name: printable(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [printable(inner) for inner in value]
    if isinstance(value, bytes):
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            return value.hex()
    return value


def _plain(value: Any) -> Any:
    return value.hex() if isinstance(value, bytes) else value
