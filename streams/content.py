"""Reading the content blocks of a message."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic_core import from_json

from schemas.records import ContentBlock, Message

_FAILED = ("error", "failed")


def joined_text(message: Message, kind: str) -> str:
    """Text of the blocks of one type, joined by a blank line."""
    return "\n\n".join(block["text"] for block in message["content"] if block["type"] == kind and block["text"])


def calls_of(message: Message) -> list[ContentBlock]:
    """The tool calls that a message makes, in order."""
    return [block for block in message["content"] if block["type"] == "toolCall"]


def is_result(message: Message) -> bool:
    """Whether it is the result of a tool call."""
    return message["role"] == "toolResult" or message["tool_call_id"] is not None


def has_failed(message: Message) -> bool:
    """Whether a tool result is a failure: some versions state it in the details only."""
    return bool(message["is_error"]) or message["tool_status"] in _FAILED


def argument_values(arguments: str | None) -> Iterator[str]:
    """String and number values of a tool call's arguments, in order."""
    if arguments is None:
        return
    try:
        yield from _values(from_json(arguments))
    except (ValueError, RecursionError):
        # Cut, or never JSON: it is searched as it stands.
        yield arguments


def _values(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for member in value.values():
            yield from _values(member)
    elif isinstance(value, list):
        for member in value:
            yield from _values(member)
    elif isinstance(value, str):
        yield value
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield str(value)
