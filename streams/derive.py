"""What the stages publish of a log, derived in memory by the very code that the worker runs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from schemas.records import SearchableMessage, Session, SessionEvent, ToolCall
from schemas.topics import MESSAGES, SESSIONS, TOOL_CALLS
from streams.batch import process_batch

# Enough for a session's state to be read and written once for many events.
_BATCH = 1_000


@dataclass(slots=True)
class Derived:
    """The last record of each key.

    Attributes:
        sessions: By session id.
        messages: By message id.
        tool_calls: By tool call id.
        refused: Ids of the events that a stage can't process: dead letters of `sessiontrack.streams`.
    """

    sessions: dict[str, Session] = field(default_factory=dict)
    messages: dict[str, SearchableMessage] = field(default_factory=dict)
    tool_calls: dict[str, ToolCall] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)


def derive(events: Iterable[SessionEvent]) -> Derived:
    """The records that the stages publish last when they are fed these events.

    Args:
        events: In the order of the log, at least within each session; repeats are allowed.
    """
    derived = Derived()
    tables: dict[str, dict[str, Any]] = {
        SESSIONS.name: derived.sessions,
        MESSAGES.name: derived.messages,
        TOOL_CALLS.name: derived.tool_calls,
    }
    state: dict[bytes, bytes] = {}
    placed = enumerate(events)
    while batch := list(islice(placed, _BATCH)):
        changes = process_batch(state, batch)
        for output in changes.outputs:
            tables[output.topic.name][output.key] = output.record
        state.update(changes.writes)
        ids = {position: event["event_id"] for position, event in batch}
        derived.refused.update(ids[refusal.position] for refusal in changes.refusals)
    return derived
