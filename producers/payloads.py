"""The payload of an event: one body, all others null."""

from __future__ import annotations

from typing import Any, cast

from schemas.records import Payload

_EMPTY: Payload = {
    "raw": None,
    "reference": None,
    "truncated": False,
    "session": None,
    "message": None,
    "model_change": None,
    "thinking_level_change": None,
    "compaction": None,
    "branch_summary": None,
    "custom": None,
    "custom_message": None,
    "label": None,
    "session_info": None,
    "reset": None,
    "leaf": None,
    "transcript_head": None,
    "context": None,
    "lifecycle": None,
}


def payload(raw: bytes | None = None, **bodies: Any) -> Payload:
    """A payload.

    Args:
        raw: The line with its terminator.
        **bodies: The body, by the name of its field.
    """
    return cast(Payload, _EMPTY | {"raw": raw} | bodies)
