from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.postgres.rows import BY_NAME
from queries.conversation import Conversation, arrange
from queries.tree import generation_lines, places
from sessiontrack.identity import GENESIS, message_id, next_chain
from tests.records import event, message, payload, session, tool_call

Row = dict[str, Any]


def row_of(**fields: Any) -> Row:
    table = BY_NAME["events"]
    [row] = table.rows(event(**({"family": "clawdbot", "session_id": "s"} | fields)))
    return dict(zip([column.name for column in table.columns], row, strict=True))


def generation(*lines: Row, after: Sequence[Row] = (), captured_at: int = 0) -> list[Row]:
    """Events of lines that follow those of `after`; a line's id is also its contents."""
    rows = list(after)
    for line in lines:
        previous = rows[-1]["chain"] if rows else GENESIS
        chain = next_chain(previous, repr(line).encode())
        place = {"chain": chain, "previous_chain": previous, "line_number": len(rows) + 1, "captured_at": captured_at}
        rows.append(row_of(**({"entry_key": chain} | line | place)))
    return rows


def line(entry_id: str | None, parent: str | None = None, **fields: Any) -> Row:
    return {"entry_id": entry_id, "parent_entry_id": parent, "kind": "MESSAGE", "entry_type": "message"} | fields


def control(kind: str, entry_id: str, parent: str | None = None, **body: Any) -> Row:
    return line(entry_id, parent, kind=kind, payload=payload(**{kind.lower(): body}))


def head(of: Row, state: str, captured_at: int, reason: str = "REWRITTEN", archived_at: int | None = None) -> Row:
    facts = {"lines": of["line_number"], "bytes": 0, "sha256": b"", "reason": reason, "state": state}
    body = payload(transcript_head=facts | {"archived_at": archived_at})
    return row_of(kind="TRANSCRIPT_HEAD", chain=of["chain"], captured_at=captured_at, payload=body)


def said(row: Row, **fields: Any) -> Any:
    return message(message_id=message_id("clawdbot", "s", row["entry_key"]), session_id="s", **fields)


def shape(rows: Sequence[Row]) -> list[tuple[str, int, str]]:
    return [(row["entry_id"], place.depth, place.link) for row, place in zip(rows, places(rows), strict=True)]


def ids(conversation: Conversation) -> list[str]:
    return [entry.entry_id for entry in conversation.entries]


def test_lines_come_in_order_whatever_the_order_of_the_events() -> None:
    rows = generation(line("a"), line("b", "a"), line("c", "b"))
    assert generation_lines(reversed(rows)).rows == tuple(rows)


def test_a_rewrite_replaces_what_it_rewrote() -> None:
    old = generation(line("a"), line("b", "a"), line("c", "b"))
    new = generation(line("x", "a"), after=old[:1], captured_at=1)
    found = generation_lines([*old, *new, head(old[-1], "REPLACED", 1)])
    assert [row["entry_id"] for row in found.rows] == ["a", "x"]


def test_a_backup_is_not_the_current_generation_though_captured_last() -> None:
    live = generation(line("a"), line("b", "a"))
    backup = generation(line("h"), line("a", "h"), captured_at=5)
    found = generation_lines([*live, head(live[-1], "LIVE", 1), *backup, head(backup[-1], "BACKUP", 5, "ARCHIVED", 4)])
    assert found.rows == tuple(live)


def test_a_truncated_file_ends_at_its_head() -> None:
    rows = generation(line("a"), line("b", "a"), line("c", "b"))
    found = generation_lines([*rows, head(rows[-1], "REPLACED", 1, "TRUNCATED"), head(rows[0], "LIVE", 2, "IMPORTED")])
    assert found.rows == tuple(rows[:1])


def test_what_was_appended_after_an_import_counts() -> None:
    rows = generation(line("a"))
    grown = generation(line("b", "a"), after=rows, captured_at=2)
    assert generation_lines([*grown, head(rows[-1], "LIVE", 1)]).rows == tuple(grown)


def test_missing_lines_are_passed_over_and_counted() -> None:
    rows = generation(*(line(name) for name in "abcdef"))
    found = generation_lines([rows[0], rows[1], rows[4], rows[5]])
    assert ([row["entry_id"] for row in found.rows], found.missing) == (["a", "b", "e", "f"], 2)


def test_a_session_without_lines_is_empty() -> None:
    assert arrange(session(), [row_of(kind="CONTEXT")], [], []).entries == ()


def test_a_head_whose_last_line_is_missing_shows_what_is_there() -> None:
    rows = generation(*(line(name) for name in "abc"))
    shown = arrange(session(), [*rows[:2], head(rows[2], "LIVE", 1)], [], [])
    assert (ids(shown), shown.missing_lines) == (["a", "b"], 1)


def test_a_branch_that_was_left_stands_deeper_than_the_path_to_the_leaf() -> None:
    rows = generation(line("a"), line("b", "a"), line("c", "b"), line("d", "b"), line("x", "a"), line("y", "x"))
    assert shape(rows) == [
        ("a", 0, "root"),
        ("b", 1, "parent"),
        ("c", 1, "parent"),
        ("d", 2, "parent"),
        ("x", 0, "parent"),
        ("y", 0, "parent"),
    ]


def test_injected_replies_and_lost_parents_do_not_break_the_thread() -> None:
    rows = generation(line("a"), line("b", "a"), line("injected"), line("c", "injected"), line("d", "gone"))
    assert shape(rows) == [
        ("a", 0, "root"),
        ("b", 0, "parent"),
        ("injected", 0, "root"),
        ("c", 0, "parent"),
        ("d", 0, "orphan"),
    ]


def test_a_leaf_control_says_which_branch_is_current() -> None:
    rows = generation(line("a"), line("b", "a"), line("c", "a"), control("LEAF", "l", "c", target_id="b"))
    assert [(name, depth) for name, depth, _ in shape(rows)] == [("a", 0), ("b", 0), ("c", 1), ("l", 1)]


IDS = st.one_of(st.none(), st.sampled_from("abcd"))


@given(st.lists(st.tuples(IDS, IDS, st.sampled_from(["MESSAGE", "LEAF", "UNPARSED"])), max_size=30), st.data())
def test_any_damage_leaves_each_line_in_order_with_a_place(lines: list[Any], data: st.DataObject) -> None:
    rows = generation(
        *(line(own, parent, kind=kind, payload=payload(leaf={"target_id": parent})) for own, parent, kind in lines)
    )
    kept = data.draw(st.lists(st.sampled_from(rows), unique_by=lambda row: row["line_number"])) if rows else []
    found = generation_lines(kept).rows
    numbers = [row["line_number"] for row in found]
    assert numbers == sorted({row["line_number"] for row in kept})
    depths = [place.depth for place in places(found)]
    assert len(depths) == len(found)
    assert all(depth >= 0 for depth in depths)


def test_a_result_is_folded_into_its_call() -> None:
    rows = generation(line("call"), line("result", "call"), line("next", "result"))
    conversation = arrange(
        session(),
        rows,
        [
            said(rows[0], role="assistant", tool_call_ids=["c1"]),
            said(rows[1], role="toolResult", tool_call_ids=["c1"]),
            said(rows[2], role="assistant"),
        ],
        [tool_call(call_id="c1", call_entry_id="call", outcome="failed", duration_ms=23)],
    )
    assert ids(conversation) == ["call", "next"]
    [folded] = conversation.entries[0].tool_calls
    assert (folded["outcome"], folded["duration_ms"]) == ("failed", 23)
    assert [entry.link for entry in conversation.entries] == ["root", "parent"]


def test_a_result_without_its_call_is_shown() -> None:
    rows = generation(line("result"))
    conversation = arrange(session(), rows, [said(rows[0], role="toolResult", tool_call_ids=["c1"])], [])
    assert ids(conversation) == ["result"]


def test_a_call_id_used_twice_names_two_calls() -> None:
    rows = generation(line("one"), line("two", "one"))
    conversation = arrange(
        session(),
        rows,
        [said(row, role="assistant", tool_call_ids=["same"]) for row in rows],
        [
            tool_call(call_id="same", ordinal=ordinal, call_entry_id=f"renumbered-{ordinal}", arguments=str(ordinal))
            for ordinal in (0, 1)
        ],
    )
    assert [[call["arguments"] for call in entry.tool_calls] for entry in conversation.entries] == [["0"], ["1"]]


def test_labels_stand_on_their_target_until_cleared() -> None:
    rows = generation(
        line("a"),
        line("b", "a"),
        control("LABEL", "l1", "b", target_id="a", label="cleared"),
        control("LABEL", "l2", "l1", target_id="a", label=None),
        control("LABEL", "l3", "l2", target_id="a", label="kept"),
        control("LABEL", "l4", "l3", target_id="b", label="other"),
    )
    labels = {entry.entry_id: entry.labels for entry in arrange(session(), rows, [], []).entries}
    assert (labels["a"], labels["b"]) == (("kept",), ("other",))


def test_a_line_without_an_id_is_named_by_its_place_and_the_header_is_no_entry() -> None:
    rows = generation(line(None, kind="SESSION"), line(None, inherited=True), line(None, kind="UNPARSED"))
    conversation = arrange(session(), rows, [], [])
    assert [(entry.entry_id, entry.inherited) for entry in conversation.entries] == [
        ("line:2", True),
        ("line:3", False),
    ]


@pytest.mark.parametrize("brought", [True, False], ids=["brought", "not yet"])
def test_a_message_that_the_pipeline_has_not_brought_yet_keeps_its_place(brought: bool) -> None:
    rows = generation(line("a"))
    conversation = arrange(session(), rows, [said(rows[0], text="hello")] if brought else [], [])
    [entry] = conversation.entries
    assert (entry.message["text"] if entry.message else None) == ("hello" if brought else None)
