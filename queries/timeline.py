"""A session in time: what people said, what models and tools took, where somebody waited."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Literal

from psycopg.sql import SQL

from consumers.postgres.adaptation import Millis
from queries.postgres import connected, fetch_dicts
from queries.sessions import fetch_session
from sessiontrack.cursors import decode_cursor, encode_cursor
from sessiontrack.settings import Settings

Kind = Literal["person", "model", "tool", "other"]

_CURSOR = "timeline"
_COLUMNS = "timestamp, line_number, message_id, entry_id, role, origin, model, model_call, is_error, total_tokens"
# The last one of the page before comes first: what follows it began when it ended.
_MESSAGES = SQL(
    f"SELECT {_COLUMNS} FROM messages WHERE session_id = %(session_id)s AND NOT inherited"  # noqa: S608  # constants
    " AND timestamp >= %(at)s AND (timestamp, line_number) >= (%(at)s, %(line)s)"
    " ORDER BY timestamp, line_number, message_id LIMIT %(limit)s"
)
_FIRST = SQL(
    f"SELECT {_COLUMNS} FROM messages WHERE session_id = %(session_id)s AND NOT inherited"  # noqa: S608
    " ORDER BY timestamp, line_number, message_id LIMIT %(limit)s"
)
_CALLS = SQL(
    "SELECT tool_call_id, name, outcome, started_at, ended_at, duration_ms, call_entry_id FROM tool_calls"
    " WHERE session_id = %(session_id)s AND NOT inherited AND started_at >= %(begin)s AND started_at <= %(end)s"
    " ORDER BY started_at, call_id, ordinal LIMIT %(limit)s"
)


@dataclass(frozen=True, slots=True)
class Step:
    """Something that took time, or happened at one.

    Attributes:
        kind: Who did it; `other` is what was written by the system, such as a compaction.
        name: The model, the tool, or the role.
        begin: Epoch milliseconds. Of a person it is `end`: when he began is not known. A model begins when what it
            replies to was there.
        end: Epoch milliseconds; None where a tool has not answered.
        entry_id: Its entry in the transcript.
        failed: Whether it ended in an error.
        tokens: Those of a model call.
    """

    kind: Kind
    name: str
    begin: int
    end: int | None
    entry_id: str | None
    failed: bool
    tokens: int


@dataclass(frozen=True, slots=True)
class Turn:
    """What followed something that a person said, until he spoke again.

    Attributes:
        begin: When he said it; epoch milliseconds.
        end: When the last of it ended.
        entry_id: What he said; None of what comes before anybody spoke.
        wait: For how long it had been quiet before, milliseconds; None at the beginning.
        model_ms: How long models took, together.
        tool_ms: How long tools took, together; those that ran at the same time count once.
        model_calls: How many replies there are.
        tool_calls: How many calls there are.
        errors: How many of both failed.
    """

    begin: int
    end: int
    entry_id: str | None
    wait: int | None
    model_ms: int
    tool_ms: int
    model_calls: int
    tool_calls: int
    errors: int


@dataclass(frozen=True, slots=True)
class Timeline:
    """A part of a session in time.

    Attributes:
        steps: What happened, by its end and, of equal ones, by its place.
        turns: The turns that it makes.
        next: Cursor of what follows; None at the end.
    """

    steps: list[Step]
    turns: list[Turn]
    next: str | None


def session_timeline(settings: Settings, session_id: str, limit: int = 500, after: str | None = None) -> Timeline:
    """A part of a session in time.

    Args:
        settings: Where PostgreSQL is.
        session_id: The full id.
        limit: Most messages, at least 1; their tool calls come with them.
        after: `Timeline.next` of the part before.

    Raises:
        NotFoundError: There is no such session.
        UsageError: `after` is no such cursor.
        UnavailableError: PostgreSQL does not answer.
    """
    parameters: dict[str, Any] = {"session_id": session_id, "limit": limit + 1}
    if after is not None:
        at, line = decode_cursor(_CURSOR, after, int, int)
        parameters |= {"at": Millis(at), "line": line, "limit": limit + 2}
    with connected(settings) as connection:
        fetch_session(connection, session_id)
        found = fetch_dicts(connection, _FIRST if after is None else _MESSAGES, parameters)
        before = found.pop(0) if after is not None and found else None
        messages, rest = found[:limit], found[limit:]
        calls: list[dict[str, Any]] = []
        if messages:
            # The calls of the next part begin with its first message.
            end = rest[0]["timestamp"] - 1 if rest else messages[-1]["timestamp"]
            bounds = {"begin": Millis(messages[0]["timestamp"]), "end": Millis(end), "limit": 4 * limit}
            calls = fetch_dicts(connection, _CALLS, parameters | bounds)
    steps = steps_of(messages, calls, None if before is None else before["timestamp"])
    last = messages[-1] if rest else None
    following = encode_cursor(_CURSOR, last["timestamp"], last["line_number"]) if last else None
    return Timeline(steps, turns_of(steps, None if before is None else before["timestamp"]), following)


def steps_of(
    messages: Sequence[dict[str, Any]], calls: Iterable[dict[str, Any]], before: int | None = None
) -> list[Step]:
    """What messages and tool calls come to, by time.

    Args:
        messages: In order; results of tools are in their calls.
        calls: Tool calls.
        before: When the message before the first one was written, epoch milliseconds.
    """
    places = {message["entry_id"]: place for place, message in enumerate(messages)}
    # Of what begins at the same time the transcript has the order; a call follows the reply that makes it.
    found = [((call["started_at"], places.get(call["call_entry_id"], -1), True), _of_call(call)) for call in calls]
    for place, message in enumerate(messages):
        at = message["timestamp"]
        kind = _kind(message)
        if kind is not None:
            begin = min(at, before) if kind == "model" and before is not None else at
            found.append(((begin, place, False), _of_message(kind, message, begin)))
        before = at
    return [step for _, step in sorted(found, key=itemgetter(0))]


def turns_of(steps: Sequence[Step], before: int | None = None) -> list[Turn]:
    """The turns that steps make.

    Args:
        steps: By time.
        before: When the last thing before them ended, epoch milliseconds.
    """
    turns: list[Turn] = []
    part: list[Step] = []
    for each in steps:
        if each.kind == "person" and part:
            turns.append(_turn(part, turns[-1].end if turns else before))
            part = []
        part.append(each)
    if part:
        turns.append(_turn(part, turns[-1].end if turns else before))
    return turns


def covered(spans: Iterable[tuple[int, int]]) -> int:
    """How much time spans take together; what overlaps counts once."""
    total, reached = 0, -1
    for begin, end in sorted(spans, key=itemgetter(0)):
        total += max(0, end - max(begin, reached))
        reached = max(reached, end)
    return total


def _of_message(kind: Kind, message: dict[str, Any], begin: int) -> Step:
    name = message["model"] if kind == "model" else message["role"]
    tokens = message["total_tokens"] if kind == "model" else 0
    return Step(kind, name or "unknown", begin, message["timestamp"], message["entry_id"], message["is_error"], tokens)


def _of_call(call: dict[str, Any]) -> Step:
    begin, end = call["started_at"], call["ended_at"]
    if call["duration_ms"] is not None and end is None:
        end = begin + call["duration_ms"]
    return Step("tool", call["name"], begin, end, call["call_entry_id"], call["outcome"] == "failed", 0)


def _kind(message: dict[str, Any]) -> Kind | None:
    """Whose message it is; None where a tool call has it already."""
    if message["model_call"]:
        return "model"
    if message["role"] == "user":
        return "person" if message["origin"] in ("USER", "UNKNOWN") else "other"
    return None if message["role"] == "toolResult" else "other"


def _turn(part: Sequence[Step], before: int | None) -> Turn:
    begin = part[0].begin
    ends = [each.begin if each.end is None else each.end for each in part]
    return Turn(
        begin=begin,
        end=max(ends),
        entry_id=part[0].entry_id if part[0].kind == "person" else None,
        wait=None if before is None else max(0, begin - before),
        model_ms=_time_of(part, "model"),
        tool_ms=_time_of(part, "tool"),
        model_calls=sum(each.kind == "model" for each in part),
        tool_calls=sum(each.kind == "tool" for each in part),
        errors=sum(each.failed for each in part),
    )


def _time_of(part: Sequence[Step], kind: Kind) -> int:
    return covered((each.begin, each.end) for each in part if each.kind == kind and each.end is not None)
