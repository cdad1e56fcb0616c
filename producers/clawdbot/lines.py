"""One line of a transcript, v1 to v4: what kind of entry it is, and what it says.

Source: the formats that pi (v1), Clawdbot and OpenClaw (v3, v4) write; one JSON object on each line.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Any, Literal, NamedTuple

from producers.clawdbot.content import content_blocks, joined_text
from producers.clawdbot.fields import UNSTORABLE_ESCAPE, epoch_ms, flag, integer, json_text, storable, text
from producers.clawdbot.file_names import referenced_session_id
from producers.clawdbot.messages import message
from producers.payloads import payload
from schemas.records import (
    BranchSummary,
    Compaction,
    Custom,
    CustomMessage,
    EventKind,
    Label,
    Leaf,
    ModelChange,
    Payload,
    Reset,
    SessionHeader,
    SessionInfo,
    ThinkingLevelChange,
)
from sessiontrack.identity import entry_key, parse_json

# The longest line that is parsed; the products write none that is longer. Parsing takes several times its memory.
LONGEST_ENTRY_BYTES = 64 * 1024 * 1024
# What a header without a version is.
_FIRST_VERSION = 1

Entry = dict[str, Any]
Fault = Literal["blank", "too long", "not UTF-8", "not JSON", "nested too deep", "no object", "unknown type"]


class ParsedLine(NamedTuple):
    """What one line says.

    Attributes:
        kind: UNPARSED for what is not a JSON object, UNKNOWN for a type that this version does not know.
        entry_type: The `type` that the line states, verbatim.
        entry_id: The entry's own id.
        parent_entry_id: The entry that it follows.
        timestamp: The line's own time, epoch ms.
        entry_key: What the entry says, see `sessiontrack.identity.entry_key`; of an UNPARSED line SHA-256 of its bytes.
        payload: The line and its typed body.
        fault: What is wrong with it; None where it is understood.
    """

    kind: EventKind
    entry_type: str | None
    entry_id: str | None
    parent_entry_id: str | None
    timestamp: int | None
    entry_key: bytes
    payload: Payload
    fault: Fault | None = None


class _Type(NamedTuple):
    kind: EventKind
    field: str
    body: Callable[[Entry], Any]


def parse_line(raw: bytes) -> ParsedLine:
    """Parses a line, terminator included or not. Never raises, whatever the bytes are."""
    fault: Fault = "too long"
    if len(raw) <= LONGEST_ENTRY_BYTES:
        try:
            line = parse_json(raw)
            if isinstance(line, dict):
                return _parsed(raw, line)
            fault = "no object"
        except UnicodeDecodeError:
            fault = "not UTF-8"
        except RecursionError:
            fault = "nested too deep"
        except ValueError:
            fault = "not JSON" if raw.strip() else "blank"
    return ParsedLine("UNPARSED", None, None, None, None, sha256(raw).digest(), payload(raw), fault)


def _parsed(raw: bytes, line: Entry) -> ParsedLine:
    key = entry_key(line)
    if UNSTORABLE_ESCAPE.search(raw):
        line = storable(line)
    entry_type = text(line.get("type"))
    known = _TYPES.get(entry_type) if entry_type is not None else None
    return ParsedLine(
        kind=known.kind if known else "UNKNOWN",
        entry_type=entry_type,
        # A header's id is the session's.
        entry_id=None if entry_type == "session" else text(line.get("id")),
        parent_entry_id=text(line.get("parentId")),
        timestamp=epoch_ms(line.get("timestamp")),
        entry_key=key,
        payload=payload(raw, **{known.field: known.body(line)}) if known else payload(raw),
        fault=None if known else "unknown type",
    )


def _session(line: Entry) -> SessionHeader:
    parent = text(line.get("parentSession")) or text(line.get("branchedFrom"))
    version = integer(line.get("version"), bits=32)
    return {
        "version": _FIRST_VERSION if version is None else version,
        "cwd": text(line.get("cwd")),
        "parent_session": parent,
        "parent_session_id": None if parent is None else referenced_session_id(parent),
    }


def _model_change(line: Entry) -> ModelChange:
    return {"provider": text(line.get("provider")), "model": text(line.get("modelId"))}


def _thinking_level_change(line: Entry) -> ThinkingLevelChange:
    return {"level": text(line.get("thinkingLevel"))}


def _compaction(line: Entry) -> Compaction:
    return {
        "summary": text(line.get("summary")),
        "first_kept_entry_id": text(line.get("firstKeptEntryId")),
        "tokens_before": integer(line.get("tokensBefore")),
        "tokens_after": integer(line.get("tokensAfter")),
    }


def _branch_summary(line: Entry) -> BranchSummary:
    return {"from_id": text(line.get("fromId")), "summary": text(line.get("summary"))}


def _custom(line: Entry) -> Custom:
    return {"custom_type": text(line.get("customType")), "data": json_text(line.get("data"))}


def _custom_message(line: Entry) -> CustomMessage:
    return {
        "custom_type": text(line.get("customType")),
        "text": joined_text(content_blocks(line.get("content"))),
        "display": flag(line.get("display")),
    }


def _label(line: Entry) -> Label:
    return {"target_id": text(line.get("targetId")), "label": text(line.get("label"))}


def _session_info(line: Entry) -> SessionInfo:
    return {"name": text(line.get("name"))}


def _reset(line: Entry) -> Reset:
    return {"reason": text(line.get("reason"))}


def _leaf(line: Entry) -> Leaf:
    return {"target_id": text(line.get("targetId"))}


_TYPES = {
    "session": _Type("SESSION", "session", _session),
    "message": _Type("MESSAGE", "message", lambda line: message(line.get("message"))),
    "model_change": _Type("MODEL_CHANGE", "model_change", _model_change),
    "thinking_level_change": _Type("THINKING_LEVEL_CHANGE", "thinking_level_change", _thinking_level_change),
    "compaction": _Type("COMPACTION", "compaction", _compaction),
    "branch_summary": _Type("BRANCH_SUMMARY", "branch_summary", _branch_summary),
    "custom": _Type("CUSTOM", "custom", _custom),
    "custom_message": _Type("CUSTOM_MESSAGE", "custom_message", _custom_message),
    "label": _Type("LABEL", "label", _label),
    "session_info": _Type("SESSION_INFO", "session_info", _session_info),
    "reset": _Type("RESET", "reset", _reset),
    "leaf": _Type("LEAF", "leaf", _leaf),
}
