"""Names that every store can index, whatever a transcript holds; the event keeps what was written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from schemas.records import Message, SessionEvent

# No name that means anything comes near. A key of a PostgreSQL index takes 2,704 bytes: two names with the id of their
# session, whatever characters they are of. OpenSearch leaves out of its index what is longer than 512 characters.
LONGEST_NAME = 200

Record = TypeVar("Record", bound=Mapping[str, object])

_OF_MESSAGE = ("provider", "model", "tool_name", "stop_reason", "tool_status")
_OF_SENDER = ("id", "name", "channel")
_OF_CONTEXT = ("channel",)
_OF_MODEL_CHANGE = ("provider", "model")


def with_short_names(event: SessionEvent) -> SessionEvent:
    """The event with names of `LONGEST_NAME` characters at most; the same one where none is longer."""
    event = _short(event, ("agent_id",))
    payload = event["payload"]
    if payload is None:
        return event
    short = payload
    if payload["message"]:
        short = _with(short, "message", _message(payload["message"]))
    if payload["context"]:
        short = _with(short, "context", _short(payload["context"], _OF_CONTEXT))
    if payload["model_change"]:
        short = _with(short, "model_change", _short(payload["model_change"], _OF_MODEL_CHANGE))
    return _with(event, "payload", short)


def _message(message: Message) -> Message:
    short = _short(message, _OF_MESSAGE)
    if message["sender"]:
        short = _with(short, "sender", _short(message["sender"], _OF_SENDER))
    if any(len(block["tool_name"] or "") > LONGEST_NAME for block in message["content"]):
        short = _with(short, "content", [_short(block, ("tool_name",)) for block in message["content"]])
    return short


def _short(record: Record, names: tuple[str, ...]) -> Record:
    for name in names:
        value = cast("dict[str, Any]", record)[name]
        if value is not None and len(value) > LONGEST_NAME:
            record = _with(record, name, value[:LONGEST_NAME])
    return record


def _with(record: Record, name: str, value: object) -> Record:
    # No type checker knows a field by a name that is not written out.
    fields = cast("dict[str, Any]", record)
    return record if fields[name] is value else cast("Record", fields | {name: value})
