"""What messages and tool calls come to in time."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from queries.day import overlaps
from queries.timeline import Step, covered, steps_of, turns_of

SPANS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20)).map(lambda span: (span[0], span[0] + span[1])))


def said(role: str, at: int, **fields: Any) -> dict[str, Any]:
    facts = {"origin": "USER" if role == "user" else "MODEL", "model_call": role == "assistant", "model": "opus"}
    return {"role": role, "timestamp": at, "entry_id": f"e{at}", "is_error": False, "total_tokens": 0} | facts | fields


def called(name: str, begin: int, end: int | None, **fields: Any) -> dict[str, Any]:
    facts = {"name": name, "started_at": begin, "ended_at": end, "duration_ms": None, "call_entry_id": f"e{begin}"}
    return facts | {"outcome": "succeeded"} | fields


def test_a_turn_is_what_follows_a_question() -> None:
    steps = steps_of(
        [
            said("user", 1_000),
            said("assistant", 3_000, total_tokens=10),
            said("toolResult", 8_000),
            said("assistant", 9_000, total_tokens=20, is_error=True),
            said("user", 60_000),
            said("assistant", 61_000),
        ],
        [called("exec", 3_000, 8_000), called("read", 3_000, 4_000, outcome="failed")],
    )
    assert [(step.kind, step.begin, step.end) for step in steps if step.kind != "tool"] == [
        ("person", 1_000, 1_000),
        ("model", 1_000, 3_000),
        ("model", 8_000, 9_000),
        ("person", 60_000, 60_000),
        ("model", 60_000, 61_000),
    ]
    first, second = turns_of(steps)
    assert (first.begin, first.end, first.entry_id, first.wait) == (1_000, 9_000, "e1000", None)
    assert (first.model_calls, first.tool_calls, first.errors) == (2, 2, 2)
    # Both tools ran at the same time.
    assert (first.model_ms, first.tool_ms) == (3_000, 5_000)
    assert (second.wait, second.model_ms) == (51_000, 1_000)


def test_what_happens_at_the_same_time_is_in_the_order_of_the_transcript() -> None:
    asked, replied = said("user", 5), said("assistant", 5) | {"entry_id": "reply"}
    steps = steps_of([asked, replied, said("assistant", 5)], [called("exec", 5, 5, call_entry_id="reply")])
    assert [step.kind for step in steps] == ["person", "model", "tool", "model"]
    assert len(turns_of(steps)) == 1


def test_a_tool_that_has_not_answered_has_no_end() -> None:
    steps = steps_of([said("user", 0), said("assistant", 5)], [called("exec", 5, None)])
    assert [step.end for step in steps if step.kind == "tool"] == [None]
    (turn,) = turns_of(steps)
    assert (turn.end, turn.tool_calls, turn.tool_ms) == (5, 1, 0)


def test_what_the_system_says_is_nobody_s_turn() -> None:
    steps = steps_of([said("user", 0, origin="SYSTEM"), said("assistant", 5), said("compaction", 6)], [])
    assert [step.kind for step in steps] == ["other", "model", "other"]
    (turn,) = turns_of(steps)
    assert turn.entry_id is None


def test_a_page_goes_on_where_the_one_before_ended() -> None:
    (step,) = steps_of([said("assistant", 9)], [], before=4)
    assert step == Step("model", "opus", 4, 9, "e9", failed=False, tokens=0)
    (turn,) = turns_of([step], before=4)
    assert turn.wait == 0


@given(SPANS)
def test_overlapping_time_counts_once(spans: list[tuple[int, int]]) -> None:
    moments = {moment for begin, end in spans for moment in range(begin, end)}
    assert covered(spans) == len(moments)


@given(SPANS)
def test_how_many_at_once(spans: list[tuple[int, int]]) -> None:
    most, several, any_ = overlaps(spans)
    present = [sum(begin <= moment < end for begin, end in spans) for moment in range(81)]
    assert any_ == sum(count > 0 for count in present)
    assert several == sum(count > 1 for count in present)
    # At one moment, the ends included.
    assert most == max((sum(begin <= moment <= end for begin, end in spans) for moment in range(81)), default=0)
