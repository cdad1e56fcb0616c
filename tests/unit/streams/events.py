"""Events for tests: builders, and strategies for whole sessions."""

from __future__ import annotations

from hashlib import sha256
from typing import Any, cast

from hypothesis import strategies as st

from schemas.records import ContentBlock, Message, Payload, SessionEvent
from sessiontrack.identity import uuid_of

FAMILY = "clawdbot"
SESSION = "11111111-1111-4111-8111-111111111111"

_BODIES = tuple(name for name in Payload.__annotations__ if name not in ("raw", "reference", "truncated"))
_RESULT_FIELDS = ("is_error", "tool_status", "details", "duration_ms")


def event(
    kind: str,
    name: str,
    at: int = 1_000,
    *,
    session_id: str = SESSION,
    generation: str = "",
    inherited: bool = False,
    agent_id: str | None = "main",
    line_number: int = 1,
    **bodies: Any,
) -> SessionEvent:
    """An event whose entry is told apart by `name`, and its occurrence by `generation`."""
    is_line = kind not in ("CONTEXT", "LIFECYCLE", "TRANSCRIPT_HEAD")
    payload = dict.fromkeys(_BODIES) | {"raw": b"", "reference": None, "truncated": False} | bodies
    return SessionEvent(
        event_id=uuid_of(session_id, name, generation),
        kind=cast(Any, kind),
        entry_type=kind.lower() if is_line else None,
        family=FAMILY,
        session_id=session_id,
        agent_id=agent_id,
        occurred_at=at,
        captured_at=0,
        chain=None,
        previous_chain=None,
        entry_key=sha256(name.encode()).digest() if is_line else None,
        entry_id=f"id-{name}" if is_line else None,
        parent_entry_id=None,
        line_number=line_number if is_line else None,
        byte_offset=None,
        inherited=inherited,
        source={"brand": "clawdbot", "format": "jsonl", "format_version": 3, "file_name": None},
        payload=cast(Payload, payload),
        sealed=None,
    )


def message(role: str, *content: ContentBlock, origin: str = "UNKNOWN", **fields: Any) -> Message:
    """A message body."""
    return cast(
        Message,
        dict.fromkeys(Message.__annotations__) | {"role": role, "content": list(content), "origin": origin} | fields,
    )


def text(value: str) -> ContentBlock:
    """A block of text."""
    return _block("text", text=value)


def call(call_id: str | None, tool: str, arguments: str = "{}") -> ContentBlock:
    """A block that calls a tool."""
    return _block("toolCall", tool_call_id=call_id, tool_name=tool, arguments=arguments)


def user(name: str, at: int = 1_000, value: str = "hello", **fields: Any) -> SessionEvent:
    """A person's message."""
    sender = fields.pop("sender", None)
    return event("MESSAGE", name, at, message=message("user", text(value), origin="USER", sender=sender), **fields)


def reply(name: str, at: int = 1_000, *content: ContentBlock, **fields: Any) -> SessionEvent:
    """A model's reply."""
    stop_reason = fields.pop("stop_reason", "stop")
    body = message(
        "assistant",
        *content,
        origin="MODEL",
        provider="sim",
        model=fields.pop("model", "sim-1"),
        stop_reason=stop_reason,
        usage={"input": 3, "output": 5, "cache_read": 7, "cache_write": 11, "total": 26, "cost_nanousd": 13},
    )
    return event("MESSAGE", name, at, message=body, **fields)


def result(name: str, at: int, call_id: str | None, tool: str = "exec", **fields: Any) -> SessionEvent:
    """A tool's result."""
    about = {field: fields.pop(field) for field in _RESULT_FIELDS if field in fields}
    said = text(fields.pop("value", "done"))
    body = message("toolResult", said, origin="TOOL", tool_call_id=call_id, tool_name=tool, **about)
    return event("MESSAGE", name, at, message=body, **fields)


def context(name: str, at: int = 0, **fields: Any) -> SessionEvent:
    """Facts about the session's context."""
    body = {
        "session_key": None,
        "channel": None,
        "chat_type": None,
        "display_name": None,
        "parent_session_id": None,
        "parent_relation": None,
        "provenance": "INFERRED",
    }
    return event("CONTEXT", name, at, context=body | fields)


def lifecycle(action: str, at: int) -> SessionEvent:
    """How the session ended."""
    return event("LIFECYCLE", f"{action}-{at}", at, lifecycle={"action": action, "at": at, "provenance": "OBSERVED"})


def model_change(name: str, at: int, model: str, **fields: Any) -> SessionEvent:
    """A line that states the model."""
    return event("MODEL_CHANGE", name, at, model_change={"provider": "sim", "model": model}, **fields)


def _block(kind: str, **fields: Any) -> ContentBlock:
    return cast(ContentBlock, dict.fromkeys(ContentBlock.__annotations__) | {"type": kind} | fields)


# Few names, times and ids, so that they meet.
_NAMES = st.integers(0, 40).map(str)
_TIMES = st.integers(1_000, 1_012)
_CALL_IDS = st.sampled_from(["c0", "c1", "c2"])
_TOOLS = st.sampled_from(["exec", "read"])
_SENDERS = st.sampled_from(
    [
        None,
        {"id": "1", "name": "Ada", "channel": "telegram", "provenance": "PARSED"},
        {"id": "1", "name": "Ada L.", "channel": None, "provenance": "OBSERVED"},
        {"id": None, "name": "Bob", "channel": "discord", "provenance": "PARSED"},
    ]
)


def _of(make: Any, prefix: str, *arguments: st.SearchStrategy[Any]) -> st.SearchStrategy[SessionEvent]:
    return st.tuples(_NAMES, _TIMES, *arguments).map(lambda drawn: make(prefix + drawn[0], *drawn[1:]))


def _one_of_each() -> st.SearchStrategy[SessionEvent]:
    return st.one_of(
        _of(lambda name, at, sender: user(name, at, sender=sender), "u", _SENDERS),
        _of(
            lambda name, at, call_id, tool, stop: reply(name, at, call(call_id, tool), stop_reason=stop),
            "a",
            _CALL_IDS,
            _TOOLS,
            st.sampled_from(["stop", "toolUse", "error"]),
        ),
        _of(
            lambda name, at, call_id, tool, failed: result(name, at, call_id, tool, is_error=failed),
            "r",
            _CALL_IDS,
            _TOOLS,
            st.booleans(),
        ),
        _of(lambda name, at, model: model_change(name, at, model), "m", st.sampled_from(["x", "y"])),
        _of(lambda name, at: event("COMPACTION", name, at, compaction=_SUMMARY), "c"),
        _of(lambda name, at: event("SESSION", name, at, session=_HEADER), "h"),
        _of(lambda name, at: user(name, at, inherited=True), "i"),
        _of(lambda name, at: event("UNPARSED", name, at), "?"),
        _of(lambda name, at, title: event("SESSION_INFO", name, at, session_info={"name": title}), "n", _TITLES),
        _of(lambda name, at, channel: context(name, at, channel=channel), "f", st.sampled_from(["webchat", "signal"])),
        st.tuples(st.sampled_from(["reset", "deleted"]), _TIMES).map(lambda drawn: lifecycle(*drawn)),
    )


_SUMMARY = {"summary": "so far", "first_kept_entry_id": None, "tokens_before": 1, "tokens_after": None}
_HEADER = {"version": 3, "cwd": "/home/user", "parent_session": None, "parent_session_id": None}
_TITLES = st.sampled_from([None, "One", "Two"])


def _another_occurrence(original: SessionEvent) -> SessionEvent:
    return {**original, "event_id": uuid_of(original["event_id"], "again")} if original["entry_key"] else original


@st.composite
def logs(draw: st.DrawFn) -> list[SessionEvent]:
    """A session's events, in any order: some come twice, some in two generations."""
    distinct = {
        made["entry_key"] or made["event_id"].encode(): made for made in draw(st.lists(_one_of_each(), max_size=40))
    }
    events = list(distinct.values())
    if events:
        again = draw(st.lists(st.sampled_from(events), max_size=10))
        events += [draw(st.sampled_from([made, _another_occurrence(made)])) for made in again]
    return draw(st.permutations(events))
