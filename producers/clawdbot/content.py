"""Content blocks of messages.

Blocks that are spelled differently by different versions and providers come out as one: a tool call is a `toolCall`,
whether the line says `toolCall`, `toolUse`, `tool_use`, `functionCall` or `function_call`. A block that is unknown, or
not shaped as its type says, is kept as JSON in `other`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from producers.clawdbot.fields import json_text, mapping, text
from schemas.records import ContentBlock
from sessiontrack.identity import parse_json

# The type of a block that states none.
UNKNOWN_TYPE = "unknown"


def content_blocks(content: Any) -> list[ContentBlock]:
    """The blocks of a message's content: a text, an array of blocks, or whatever stands there."""
    if content is None:
        return []
    if isinstance(content, list):
        return [_block(item) for item in content]
    return [_block(content)]


def text_block(value: str) -> ContentBlock:
    """A block of text."""
    return _of("text", text=value)


def joined_text(blocks: list[ContentBlock]) -> str:
    """The text blocks, joined by line ends; thinking is no part of it."""
    return "\n".join(block["text"] for block in blocks if block["type"] == "text" and block["text"] is not None)


def _of(
    kind: str,
    *,
    text: str | None = None,
    tool_call_id: str | None = None,
    tool_name: str | None = None,
    arguments: str | None = None,
    mime_type: str | None = None,
    length: int | None = None,
    other: str | None = None,
) -> ContentBlock:
    return {
        "type": kind,
        "text": text,
        "tool_call_id": tool_call_id,
        "tool_name": tool_name,
        "arguments": arguments,
        "mime_type": mime_type,
        "bytes": length,
        "other": other,
    }


def _block(item: Any) -> ContentBlock:
    if isinstance(item, str):
        return text_block(item)
    if not isinstance(item, dict):
        return _of(UNKNOWN_TYPE, other=json_text(item))
    kind = text(item.get("type")) or UNKNOWN_TYPE
    parse = _BLOCKS.get(kind)
    return (parse(item) if parse else None) or _of(kind, other=json_text(item))


def _text(item: dict[str, Any]) -> ContentBlock | None:
    value = text(item.get("text"))
    return None if value is None else text_block(value)


def _thinking(item: dict[str, Any]) -> ContentBlock | None:
    value = text(item.get("thinking"))
    return None if value is None else _of("thinking", text=value)


def _image(item: dict[str, Any]) -> ContentBlock | None:
    source = mapping(item.get("source")) or item
    data = text(source.get("data"))
    mime_type = text(source.get("mimeType")) or text(source.get("media_type"))
    return None if data is None else _of("image", mime_type=mime_type, length=len(data))


def _tool_call(item: dict[str, Any]) -> ContentBlock | None:
    name = text(item.get("name"))
    if name is None:
        return None
    given = next((item[field] for field in ("arguments", "input", "args") if field in item), None)
    return _of(
        "toolCall",
        tool_call_id=text(item.get("id")) or text(item.get("call_id")),
        tool_name=name,
        arguments=_arguments(given),
    )


def _arguments(given: Any) -> str | None:
    # Some providers give the arguments as a JSON text.
    if isinstance(given, str):
        try:
            return json_text(parse_json(given.encode()))
        except (ValueError, RecursionError):
            pass
    return json_text(given)


_BLOCKS: dict[str, Callable[[dict[str, Any]], ContentBlock | None]] = {
    "text": _text,
    "thinking": _thinking,
    "image": _image,
    "toolCall": _tool_call,
    "toolUse": _tool_call,
    "tool_use": _tool_call,
    "functionCall": _tool_call,
    "function_call": _tool_call,
}
