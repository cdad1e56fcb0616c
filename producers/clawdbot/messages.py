"""The body of a `message` entry: who says what.

`origin` says who really made a message, which its role does not: a gateway's reply to a slash command has the role
assistant, a heartbeat or a cron job's prompt the role user.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from producers.clawdbot.content import content_blocks, joined_text, text_block
from producers.clawdbot.envelope import is_synthetic, sender_of
from producers.clawdbot.fields import epoch_ms, flag, integer, json_text, mapping, text
from schemas.records import ContentBlock, Message, MessageOrigin, Sender, Usage

# The role of a message that states none.
UNKNOWN_ROLE = "unknown"

_NANO = 1_000_000_000
_PARTS = ("input", "output", "cacheRead", "cacheWrite")
# What the products name as provider of rows that they write themselves.
_BRANDS = frozenset({"clawdbot", "moltbot", "openclaw"})
_BRAND_MODELS: dict[str | None, MessageOrigin] = {"gateway-injected": "GATEWAY", "delivery-mirror": "MIRROR"}
# What OpenClaw states of a user row that no person wrote.
_NOT_A_PERSON = frozenset({"inter_session", "internal_system"})


def message(value: Any) -> Message | None:
    """The message in an entry's `message` field; None where that is no object."""
    if not isinstance(value, dict):
        return None
    role = text(value.get("role")) or UNKNOWN_ROLE
    role = _RENAMED_ROLES.get(role, role)
    content = _content(role, value)
    origin = _origin(role, value, content)
    details = mapping(value.get("details"))
    return {
        "role": role,
        "content": content,
        "created_at": epoch_ms(value.get("timestamp")),
        "provider": text(value.get("provider")),
        "model": text(value.get("model")),
        "api": text(value.get("api")),
        "usage": _usage(value.get("usage")),
        "stop_reason": text(value.get("stopReason")),
        "error_message": _text_or_json(value.get("errorMessage")),
        "error_code": _text_or_json(value.get("errorCode")),
        "origin": origin,
        "sender": _sender(role, origin, value, content),
        "tool_call_id": text(value.get("toolCallId")) or text(value.get("toolUseId")),
        "tool_name": text(value.get("toolName")),
        "is_error": flag(value.get("isError")),
        "tool_status": text(details.get("status")),
        "exit_code": integer(value.get("exitCode", details.get("exitCode")), bits=32),
        "duration_ms": integer(details.get("durationMs")),
        "details": json_text(value.get("details")),
        "command": text(value.get("command")),
    }


def _content(role: str, value: dict[str, Any]) -> list[ContentBlock]:
    field = _TEXT_FIELDS.get(role)
    if field is None:
        return content_blocks(value.get("content"))
    said = text(value.get(field))
    return [] if said is None else [text_block(said)]


def _origin(role: str, value: dict[str, Any], content: list[ContentBlock]) -> MessageOrigin:
    origin = _ORIGINS.get(role, "UNKNOWN")
    return origin if isinstance(origin, str) else origin(value, content)


def _user_origin(value: dict[str, Any], content: list[ContentBlock]) -> MessageOrigin:
    stated = text(mapping(value.get("provenance")).get("kind"))
    return "SYSTEM" if stated in _NOT_A_PERSON or is_synthetic(joined_text(content)) else "USER"


def _assistant_origin(value: dict[str, Any], _: list[ContentBlock]) -> MessageOrigin:
    if value.get("stopReason") == "injected":
        return "GATEWAY"
    if text(value.get("provider")) in _BRANDS:
        return _BRAND_MODELS.get(text(value.get("model")), "MODEL")
    return "MODEL"


def _sender(role: str, origin: MessageOrigin, value: dict[str, Any], content: list[ContentBlock]) -> Sender | None:
    return sender_of(value, joined_text(content)) if role == "user" and origin == "USER" else None


def _usage(value: Any) -> Usage | None:
    if not isinstance(value, dict):
        return None
    tokens = [integer(value.get(part)) or 0 for part in _PARTS]
    total = integer(value.get("totalTokens"))
    return {
        "input": tokens[0],
        "output": tokens[1],
        "cache_read": tokens[2],
        "cache_write": tokens[3],
        "total": (integer(sum(tokens)) or 0) if total is None else total,
        "cost_nanousd": _nanousd(mapping(value.get("cost"))),
    }


def _nanousd(cost: dict[str, Any]) -> int:
    total = _dollars_to_nano(cost.get("total"))
    if total is None:
        total = integer(sum(_dollars_to_nano(cost.get(part)) or 0 for part in _PARTS))
    return total or 0


def _dollars_to_nano(value: Any) -> int | None:
    return None if isinstance(value, bool) or not isinstance(value, int | float) else integer(value * _NANO)


def _text_or_json(value: Any) -> str | None:
    return value if isinstance(value, str) else json_text(value)


# What v1 and v2 call otherwise than v3.
_RENAMED_ROLES = {"hookMessage": "custom"}

# Roles that say what they say elsewhere than in `content`.
_TEXT_FIELDS = {"bashExecution": "output", "branchSummary": "summary", "compactionSummary": "summary"}

_ORIGINS: dict[str, MessageOrigin | Callable[[dict[str, Any], list[ContentBlock]], MessageOrigin]] = {
    "user": _user_origin,
    "assistant": _assistant_origin,
    "toolResult": "TOOL",
    # The person ran it, with `!command`.
    "bashExecution": "USER",
    "custom": "SYSTEM",
    "branchSummary": "SYSTEM",
    "compactionSummary": "SYSTEM",
    "system": "SYSTEM",
}
