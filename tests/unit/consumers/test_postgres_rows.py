from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.postgres.batch import fold, project
from consumers.postgres.digests import digest
from consumers.postgres.rows import BY_NAME, TABLES, Table, event_body, tables_of
from consumers.sink import Partition, Received
from schemas.topics import EVENTS, MESSAGES, TOPICS
from sessiontrack.errors import TerminalError
from tests.records import event, message, payload, record, session, tool_call

IDS = {name: str(UUID(int=ord(name))) for name in "ab"}
MODEL = {
    "provider": "anthropic",
    "model": "claude-opus-4-5",
    "calls": 2,
    "errors": 1,
    "input_tokens": 3,
    "output_tokens": 4,
    "cache_read_tokens": 5,
    "cache_write_tokens": 6,
    "total_tokens": 18,
    "cost_nanousd": 7,
}


def as_dict(table: Table, row: tuple[object, ...]) -> dict[str, object]:
    return dict(zip([column.name for column in table.columns], row, strict=True))


def received(topic: str, value: object, *, key: bytes = b"key") -> Received:
    return Received(Partition(topic, 0), 0, 0, key, b"", (), project(topic, key, value))


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_table_explains_itself(table: Table) -> None:
    assert table.comment
    assert [column.name for column in table.columns if not column.comment] == []


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_what_identifies_and_places_a_row_is_never_null(table: Table) -> None:
    needed = {*table.key, table.partitioned_by} - {None}
    assert needed <= {column.name for column in table.columns if not column.nullable}


def test_each_table_has_one_owner_and_the_dead_letters_none() -> None:
    assert [[table.name for table in tables_of(topic.name)] for topic in TOPICS] == [
        ["events"],
        ["sessions", "model_usage"],
        ["messages"],
        ["tool_calls"],
        [],
        [],
        [],
    ]


@pytest.mark.parametrize(
    ("table", "value"),
    [
        ("sessions", session(session_id="s", participants=[{"id": "Ada"}], closed_at=None, cost_nanousd=2**40)),
        ("messages", message(message_id="m", text="hello", tools_used=["exec"])),
        ("tool_calls", tool_call(tool_call_id="t", exit_code=1)),
    ],
    ids=["sessions", "messages", "tool_calls"],
)
def test_a_derived_record_is_its_row(table: str, value: dict[str, object]) -> None:
    [row] = BY_NAME[table].rows(value)
    assert as_dict(BY_NAME[table], row) == value


def test_an_event_keeps_its_metadata_and_neither_raw_nor_message() -> None:
    said = event(kind="MESSAGE", chain=b"c" * 32, line_number=7, payload=payload(raw=b"{}\n", message={"role": "user"}))
    [row] = BY_NAME["events"].rows(said)
    stored = as_dict(BY_NAME["events"], row)
    assert stored == {name: said[name] for name in said if name not in ("payload", "sealed")} | {"body": None}


@pytest.mark.parametrize(
    ("value", "body"),
    [
        (
            event(kind="LABEL", payload=payload(label={"target_id": "a", "label": "x"})),
            {"target_id": "a", "label": "x"},
        ),
        (event(kind="TRANSCRIPT_HEAD", payload=payload(transcript_head={"sha256": b"\x01\xff"})), {"sha256": "01ff"}),
        (event(kind="UNPARSED", payload=payload(raw=b"torn")), None),
        (event(kind="UNKNOWN", payload=payload(raw=b"{}")), None),
        (event(kind="LABEL", payload=None, sealed=b"secret"), None),
    ],
    ids=["typed", "digest", "unparsed", "unknown", "sealed"],
)
def test_the_body_of_an_event_is_the_typed_one_of_its_kind(value: Any, body: object) -> None:
    assert event_body(value) == body


def test_a_session_has_a_row_for_each_model() -> None:
    rows = BY_NAME["model_usage"].rows(session(session_id="s", version=5, models_used=[MODEL, MODEL | {"model": "b"}]))
    assert [as_dict(BY_NAME["model_usage"], row) for row in rows] == [
        {"session_id": "s", "version": 5, **MODEL},
        {"session_id": "s", "version": 5, **MODEL, "model": "b"},
    ]


def test_a_digest_tells_any_column_apart() -> None:
    table = BY_NAME["tool_calls"]
    values = tool_call(started_at=1, arguments="{}")
    [row] = table.rows(values)
    changed = {name: (value or 0) + 1 if isinstance(value, int) else f"{value}!" for name, value in values.items()}
    digests = {digest(table.rows(values | {name: changed[name]})[0]) for name in values}
    assert digest(row) not in digests
    assert len(digests) == len(values)


def test_a_digest_does_not_depend_on_the_order_within_json() -> None:
    one, other = ({"user": 1, "assistant": 2}, {"assistant": 2, "user": 1})
    table = BY_NAME["sessions"]
    [first], [second] = (table.rows(session(messages_by_role=roles)) for roles in (one, other))
    assert digest(first) == digest(second)


def test_of_one_event_the_first_capture_wins() -> None:
    first, again = (received(EVENTS.name, event(event_id=IDS["a"], captured_at=at)) for at in (1, 2))
    changes = fold([first, again])
    assert changes[EVENTS.name].records == {IDS["a"]: first.projection}


def test_of_one_version_the_first_goes_in() -> None:
    first, again = (received(MESSAGES.name, message(message_id=IDS["a"], version=2, text=text)) for text in "ab")
    assert fold([first, again])[MESSAGES.name].records == {IDS["a"]: first.projection}


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 9))))
def test_the_highest_version_of_a_batch_goes_in_whatever_the_order(versions: list[tuple[str, int]]) -> None:
    batch = [received(MESSAGES.name, message(message_id=IDS[name], version=version)) for name, version in versions]
    folded = fold(batch)[MESSAGES.name].records if batch else {}
    assert {name: stored.version for name, stored in folded.items()} == {
        IDS[name]: max(version for other, version in versions if other == name) for name, _ in versions
    }


def test_a_tombstone_removes_what_came_before_it_and_not_what_comes_after() -> None:
    name = IDS["a"]
    old, new = (received(MESSAGES.name, message(message_id=name, version=version)) for version in (9, 1))
    changes = fold([old, received(MESSAGES.name, None, key=name.encode()), new])[MESSAGES.name]
    assert (changes.removed, changes.records) == ({name}, {name: new.projection})


@pytest.mark.parametrize(
    ("topic", "key"), [(EVENTS.name, b"session"), (MESSAGES.name, b"\xff")], ids=["events", "not UTF-8"]
)
def test_a_tombstone_without_a_row_of_its_own_is_refused(topic: str, key: bytes) -> None:
    with pytest.raises(TerminalError):
        project(topic, key, None)


def test_test_records_are_whole() -> None:
    for topic in TOPICS[:4]:
        table = tables_of(topic.name)[0]
        [row] = table.rows(record(topic.name))
        assert len(row) == len(table.columns)
