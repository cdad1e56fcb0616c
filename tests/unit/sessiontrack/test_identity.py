"""Identities are equal for equal things, and for nothing else."""

from __future__ import annotations

import json
from hashlib import sha256
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessiontrack import identity

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
LINES = st.dictionaries(st.text(), JSON_VALUES, max_size=5)


def test_the_chain_is_the_documented_hash() -> None:
    line = b'{"type":"session"}\n'
    assert identity.next_chain(identity.GENESIS, line) == sha256(bytes(32) + sha256(line).digest()).digest()


def test_ids_never_change() -> None:
    """Ids of what is already stored: another value here would double every event of every user."""
    chain = identity.next_chain(identity.GENESIS, b'{"type":"session"}\n')
    assert identity.event_id("clawdbot", "s", chain) == "237878b3-fa42-504e-93ae-f67839d8870c"
    assert (
        identity.message_id("clawdbot", "s", identity.entry_key({"type": "message", "n": 1}))
        == "6b654552-02a9-5c77-af91-24c8fe06119e"
    )
    assert identity.tool_call_id("clawdbot", "s", "call_1", 0) == "b52e94c9-e6a5-5f90-ac5c-4f794bdc73da"


def test_an_id_is_a_uuid_of_version_5() -> None:
    parsed = UUID(identity.uuid_of("a", "b"))
    assert (parsed.version, parsed.variant) == (5, UUID(int=0, version=5).variant)


@given(st.lists(st.text(), max_size=4), st.lists(st.text(), max_size=4))
def test_parts_never_run_together(left: list[str], right: list[str]) -> None:
    assert (identity.uuid_of(*left) == identity.uuid_of(*right)) == (left == right)


@given(LINES, st.text(), st.text())
def test_numbering_is_no_part_of_an_entry(line: dict[str, object], own: str, parent: str) -> None:
    plain = {key: value for key, value in line.items() if key not in ("id", "parentId") and key[:9] != "firstKept"}
    numbered = {**plain, "id": own, "parentId": parent, "firstKeptEntryId": own, "firstKeptEntryIndex": 4}
    assert identity.entry_key(numbered) == identity.entry_key(plain)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"type": "session", "id": "s", "cwd": "/x"}, {"type": "session", "version": 3, "id": "s", "cwd": "/x"}),
        (
            {"type": "message", "message": {"role": "hookMessage", "content": "x"}},
            {"type": "message", "message": {"role": "custom", "content": "x"}, "id": "a", "parentId": None},
        ),
    ],
)
def test_a_migration_changes_no_entry(before: dict[str, object], after: dict[str, object]) -> None:
    assert identity.entry_key(before) == identity.entry_key(after)


@pytest.mark.parametrize(
    "line",
    [
        {"type": "custom", "version": 1},
        {"type": "message", "message": {"role": "user", "version": 1}},
        {"type": "message", "message": {"role": "hookMessage"}},
    ],
)
def test_what_no_migration_changes_is_part_of_an_entry(line: dict[str, object]) -> None:
    other = json.loads(json.dumps(line).replace("1", "2").replace("hookMessage", "user"))
    assert identity.entry_key(line) != identity.entry_key(other)


@given(LINES)
def test_an_entry_survives_being_written_again(line: dict[str, object]) -> None:
    first = identity.parse_json(json.dumps(line).encode())
    again = identity.parse_json(json.dumps(first, ensure_ascii=True, indent=1, sort_keys=True).encode())
    assert identity.entry_key(first) == identity.entry_key(again)


def test_numbers_are_those_of_javascript() -> None:
    assert identity.canonical_json(identity.parse_json(b'{"b":1.0,"a":-0.0,"c":1e2,"d":0.1}')) == (
        b'{"a":0,"b":1,"c":100,"d":0.1}'
    )
    assert identity.parse_json(b"[9007199254740991, 9007199254740993]") == [9007199254740991, 9007199254740992.0]


@pytest.mark.parametrize("text", [b"NaN", b"Infinity", b"1e999", b"1" * 400, b"\xff", b"{", b'{"a":1}x'])
def test_what_is_not_json_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError):
        identity.parse_json(text)
