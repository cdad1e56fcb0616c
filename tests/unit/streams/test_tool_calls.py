from __future__ import annotations

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from schemas.records import SessionEvent, ToolCall
from streams.derive import derive
from streams.revisions import TOOL_CALLS, version
from streams.tool_calls import MOST_ERROR_CHARACTERS, MOST_RESULT_CHARACTERS
from tests.unit.streams.events import SESSION, call, context, reply, result, user


def records(*events: SessionEvent) -> list[ToolCall]:
    return sorted(derive(events).tool_calls.values(), key=lambda record: (record["started_at"], record["ordinal"]))


def pairs(*events: SessionEvent) -> list[tuple[str | None, str | None]]:
    return [(record["call_entry_id"], record["result_entry_id"]) for record in records(*events)]


def test_a_call_and_its_result_are_one_record() -> None:
    [record] = records(
        reply("1", 1_000, call("c", "exec", '{"command":"ls"}')),
        result("2", 1_400, "c", value="a.txt"),
    )

    assert (record["name"], record["arguments"], record["result"]) == ("exec", '{"command":"ls"}', "a.txt")
    assert (record["outcome"], record["error"]) == ("succeeded", None)
    assert (record["started_at"], record["ended_at"], record["duration_ms"]) == (1_000, 1_400, 400)
    assert (record["provider"], record["model"]) == ("sim", "sim-1")
    # Of the session two facts are known each time: agent and brand.
    assert record["version"] == version(TOOL_CALLS, 2 * (1 + 2))


def test_a_call_without_a_result_is_pending() -> None:
    [record] = records(reply("1", 1_000, call("c", "exec")))

    assert (record["outcome"], record["result"], record["ended_at"], record["duration_ms"]) == ("pending",) + (
        None,
    ) * 3


def test_a_result_without_a_call_stands_for_itself() -> None:
    [record] = records(result("1", 1_000, "c", "read", is_error=True, value="gone"))

    assert (record["name"], record["outcome"], record["error"]) == ("read", "failed", "gone")
    assert (record["started_at"], record["call_entry_id"]) == (1_000, None)


def test_a_failure_may_stand_in_the_details_only() -> None:
    [record] = records(
        reply("1", 1_000, call("c", "read")),
        result("2", 1_100, "c", is_error=False, tool_status="error", details='{"status":"error","error":"ENOENT"}'),
    )

    assert (record["outcome"], record["error"], record["result"]) == ("failed", "ENOENT", "done")


def test_the_stated_duration_goes_before_the_measured_one() -> None:
    [record] = records(reply("1", 1_000, call("c", "exec")), result("2", 1_400, "c", duration_ms=23))

    assert record["duration_ms"] == 23


def test_texts_are_cut() -> None:
    [record] = records(result("1", 1_000, "c", is_error=True, value="x" * 50_000))

    assert len(record["result"] or "") == MOST_RESULT_CHARACTERS
    assert len(record["error"] or "") == MOST_ERROR_CHARACTERS


def test_in_whatever_order_they_come_the_pairs_are_the_same() -> None:
    log = [
        reply("a1", 1_000, call("c", "exec")),
        result("r1", 1_100, "c"),
        reply("a2", 2_000, call("c", "exec"), call("c", "exec")),
        result("r2", 2_100, "c"),
        result("r3", 2_200, "c"),
    ]
    expected = [("id-a1", "id-r1"), ("id-a2", "id-r2"), ("id-a2", "id-r3")]

    assert all(pairs(*order) == expected for order in permutations(log))


def test_a_call_that_was_never_answered_takes_no_later_ones_result() -> None:
    assert pairs(
        reply("1", 1_000, call("c", "exec")), reply("2", 2_000, call("c", "exec")), result("3", 2_100, "c")
    ) == [
        ("id-1", None),
        ("id-2", "id-3"),
    ]


def test_an_answer_that_another_generation_words_anew_is_the_same_answer() -> None:
    log = [
        reply("1", 1_000, call("c", "exec")),
        result("2", 1_100, "c", value="long"),
        result("3", 1_100, "c", value="[pruned]", generation="rewritten"),
    ]

    assert len(pairs(*log)) == 1
    assert derive(log).sessions[SESSION]["tool_invocations"][0]["calls"] == 1


def test_without_an_id_a_call_is_still_counted() -> None:
    assert pairs(reply("1", 1_000, call(None, "exec"), call(None, "exec")), result("2", 1_100, None)) == [
        ("id-1", None),
        ("id-1", None),
        (None, "id-2"),
    ]


def test_what_is_known_of_the_session_by_then_is_repeated() -> None:
    [record] = records(
        context("0", channel="telegram"), reply("1", 1_000, call("c", "exec")), context("2", channel="x")
    )

    assert (record["agent_id"], record["channel"]) == ("main", "telegram")


@given(st.integers(1, 200))
def test_an_id_used_again_and_again_keeps_every_call(number: int) -> None:
    log = []
    for place in range(number):
        log.append(reply(f"a{place}", place * 10, call("call_0", "exec")))
        log.append(result(f"r{place}", place * 10 + 5, "call_0", is_error=place % 2 == 1))

    derived = derive(log)

    assert len(derived.tool_calls) == number
    assert all(record["duration_ms"] == 5 for record in derived.tool_calls.values())
    [usage] = derived.sessions[SESSION]["tool_invocations"]
    assert (usage["calls"], usage["failed"], usage["pending"]) == (number, number // 2, 0)
    assert max(record["ordinal"] for record in derived.tool_calls.values()) >= number - 1


def test_only_messages_call_tools() -> None:
    assert records(user("1")) == []
