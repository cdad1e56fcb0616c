import json
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.clawdbot.lines import ParsedLine, parse_line

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
NAMES = st.sampled_from(
    [
        "id", "parentId", "timestamp", "version", "parentSession", "message", "role", "content", "usage", "cost",
        "total", "type", "text", "thinking", "name", "arguments", "details", "status", "exitCode", "stopReason",
        "summary", "data", "customType", "provider", "model", "__openclaw", "transport", "clients", "errorMessage",
    ]
)  # fmt: skip
TYPES = st.sampled_from(
    [
        "session", "message", "model_change", "thinking_level_change", "compaction", "branch_summary", "custom",
        "custom_message", "label", "session_info", "reset", "leaf", "never seen",
    ]
)  # fmt: skip
ROLES = st.sampled_from(["user", "assistant", "toolResult", "bashExecution", "custom", "hookMessage", "never seen"])
# Lines whose fields have the right names and the wrong types.
MESSAGES = st.builds(lambda fields, role: fields | {"role": role}, st.dictionaries(NAMES, JSON, max_size=8), ROLES)
LINES = st.builds(
    lambda fields, kind, message: fields | {"type": kind, "message": message},
    st.dictionaries(NAMES, JSON, max_size=8),
    TYPES,
    MESSAGES | JSON,
)


def parsed(line: Any) -> ParsedLine:
    return parse_line(json.dumps(line).encode() + b"\n")


def body(line: Any, field: str) -> Any:
    return dict(parsed(line).payload)[field]


@given(st.binary(max_size=200))
def test_any_bytes_are_a_line(raw: bytes) -> None:
    assert parse_line(raw).payload["raw"] == raw


@given(LINES)
def test_fields_of_wrong_types_leave_the_line_its_kind(line: dict[str, Any]) -> None:
    found = parsed(line)
    assert found.entry_type == line["type"]
    assert found.kind == ("UNKNOWN" if line["type"] == "never seen" else line["type"].upper())


@pytest.mark.parametrize(
    "raw", [b"", b"\n", b"{", b'{"type":"message"', b"[1]\n", b"null\n", b"\xff\n", b'{"a":NaN}\n', b"[" * 100_000]
)
def test_what_is_no_json_object_is_unparsed(raw: bytes) -> None:
    found = parse_line(raw)
    assert (found.kind, found.entry_type, found.timestamp) == ("UNPARSED", None, None)
    assert found.entry_key == sha256(raw).digest()


def test_an_object_without_a_type_is_unknown() -> None:
    assert parsed({"timestamp": "2026-11-22T00:53:59.069Z", "action": "new"}).kind == "UNKNOWN"


def test_the_frame_of_an_entry() -> None:
    found = parsed(
        {
            "type": "thinking_level_change",
            "id": "e3f19c1f",
            "parentId": "c4da6fe5",
            "timestamp": "2026-11-22T00:51:17.897Z",
            "thinkingLevel": "medium",
        }
    )
    assert (found.entry_id, found.parent_entry_id, found.timestamp) == ("e3f19c1f", "c4da6fe5", 1795308677897)


def test_an_entry_keeps_its_key_when_it_is_renumbered() -> None:
    line = {"type": "compaction", "id": "a", "parentId": "b", "summary": "s", "firstKeptEntryId": "c"}
    renumbered = {"firstKeptEntryIndex": 3, "summary": "s", "type": "compaction"}
    assert parsed(line).entry_key == parsed(renumbered).entry_key


@pytest.mark.parametrize(
    ("line", "field", "expected"),
    [
        (
            {"type": "session", "version": 3, "id": "1111", "cwd": "/home/u/clawd"},
            "session",
            {"version": 3, "cwd": "/home/u/clawd", "parent_session": None, "parent_session_id": None},
        ),
        (
            {"type": "session", "version": 4, "parentSession": "sqlite:main:17eba360-3008:/home/u/agent.sqlite"},
            "session",
            {
                "version": 4,
                "cwd": None,
                "parent_session": "sqlite:main:17eba360-3008:/home/u/agent.sqlite",
                "parent_session_id": "17eba360-3008",
            },
        ),
        (
            {"type": "session", "cwd": "/x", "branchedFrom": "/s/2025-12-09T00-52-54-397Z_d97339c6-aa.jsonl"},
            "session",
            {
                "version": 1,
                "cwd": "/x",
                "parent_session": "/s/2025-12-09T00-52-54-397Z_d97339c6-aa.jsonl",
                "parent_session_id": "d97339c6-aa",
            },
        ),
        (
            {"type": "model_change", "provider": "sim", "modelId": "sim-1"},
            "model_change",
            {"provider": "sim", "model": "sim-1"},
        ),
        ({"type": "thinking_level_change", "thinkingLevel": "high"}, "thinking_level_change", {"level": "high"}),
        (
            {
                "type": "compaction",
                "summary": "s",
                "firstKeptEntryId": "2f96",
                "tokensBefore": 7909,
                "tokensAfter": 165,
            },
            "compaction",
            {"summary": "s", "first_kept_entry_id": "2f96", "tokens_before": 7909, "tokens_after": 165},
        ),
        (
            {"type": "compaction", "summary": "s", "firstKeptEntryIndex": 293, "tokensBefore": 175004},
            "compaction",
            {"summary": "s", "first_kept_entry_id": None, "tokens_before": 175004, "tokens_after": None},
        ),
        (
            {"type": "branch_summary", "fromId": "root", "summary": "s", "fromHook": False},
            "branch_summary",
            {"from_id": "root", "summary": "s"},
        ),
        (
            {"type": "custom", "customType": "model-snapshot", "data": {"modelId": "sim-1"}},
            "custom",
            {"custom_type": "model-snapshot", "data": '{"modelId":"sim-1"}'},
        ),
        (
            {"type": "custom_message", "customType": "context.note", "content": "short answers", "display": False},
            "custom_message",
            {"custom_type": "context.note", "text": "short answers", "display": False},
        ),
        (
            {"type": "label", "targetId": "13b2", "label": "before-coffee"},
            "label",
            {"target_id": "13b2", "label": "before-coffee"},
        ),
        ({"type": "label", "targetId": "13b2"}, "label", {"target_id": "13b2", "label": None}),
        ({"type": "session_info", "name": "Household"}, "session_info", {"name": "Household"}),
        ({"type": "reset", "reason": "new"}, "reset", {"reason": "new"}),
        ({"type": "leaf", "targetId": "t", "appendMode": "side"}, "leaf", {"target_id": "t"}),
    ],
    ids=lambda value: value.get("type") if isinstance(value, dict) else None,
)
def test_bodies_of_each_type(line: dict[str, Any], field: str, expected: dict[str, Any]) -> None:
    assert body(line, field) == expected


def test_one_body_only() -> None:
    payload = parsed({"type": "reset", "reason": "new"}).payload
    assert {field for field, value in payload.items() if value} == {"raw", "reset"}


def test_nul_and_lone_surrogates_become_replacement_characters_but_in_raw() -> None:
    raw = rb'{"type":"custom","id":"\u0000","data":{"\ud83d":"\\u0000\udc00","smile":"\ud83d\ude00"}}'
    found = parse_line(raw)
    assert found.entry_id == "\ufffd"
    assert found.payload["custom"] == {
        "custom_type": None,
        "data": '{"\ufffd":"\\\\u0000\ufffd","smile":"\U0001f600"}',
    }
    assert found.payload["raw"] == raw
