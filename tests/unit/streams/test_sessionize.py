from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.records import Message, Session, SessionEvent
from streams.derive import derive
from streams.revisions import SESSIONS, version
from tests.unit.streams.events import (
    SESSION,
    call,
    context,
    event,
    lifecycle,
    logs,
    reply,
    result,
    user,
)

# From the least on.
TRUST = ("UNKNOWN", "INFERRED", "PARSED", "OBSERVED")
HEADER = {"version": 3, "cwd": "/work", "parent_session": None, "parent_session_id": None}


def said_by(event: SessionEvent) -> Message:
    assert event["payload"] is not None
    assert event["payload"]["message"] is not None
    return event["payload"]["message"]


def session(*events: SessionEvent) -> Session:
    return derive(events).sessions[SESSION]


@given(logs(), st.randoms(use_true_random=False))
def test_neither_order_nor_repetition_makes_a_difference(log: list[SessionEvent], random: Random) -> None:
    events = log + random.sample(log, len(log) // 2)
    random.shuffle(events)

    assert derive(events).sessions == derive(log).sessions


def test_tokens_cost_and_calls_are_summed_by_model() -> None:
    found = session(reply("1"), reply("2", stop_reason="error"), reply("3", model="sim-2"))

    assert (found["input_tokens"], found["output_tokens"]) == (9, 15)
    assert (found["cache_read_tokens"], found["cache_write_tokens"]) == (21, 33)
    assert (found["total_tokens"], found["cost_nanousd"]) == (78, 39)
    assert [(row["model"], row["calls"], row["errors"]) for row in found["models_used"]] == [
        ("sim-1", 2, 1),
        ("sim-2", 1, 0),
    ]
    assert found["models_used"][0]["total_tokens"] == 52
    assert found["error_count"] == 1


def test_what_the_gateway_injects_is_a_message_but_no_model_call() -> None:
    injected = reply("1")
    said_by(injected).update({"origin": "GATEWAY", "usage": None})

    found = session(injected)

    assert found["messages_by_role"] == {"assistant": 1}
    assert found["models_used"] == []
    assert found["participants"] == []


def test_an_entry_counts_once_however_many_generations_hold_it() -> None:
    found = session(user("1"), user("1", generation="rewritten"), user("2", generation="rewritten"))

    assert found["message_count"] == 2
    assert found["version"] == version(SESSIONS, 2)


def test_inherited_entries_are_counted_apart() -> None:
    found = session(
        event("SESSION", "h", 5_000, session=HEADER | {"parent_session": "/x.jsonl", "parent_session_id": "p"}),
        user("1", 1_000, inherited=True),
        reply("2", 2_000, call("c", "exec"), inherited=True),
        user("3", 6_000),
    )

    assert found["inherited_count"] == 2
    assert (found["entry_count"], found["message_count"], found["total_tokens"]) == (2, 1, 0)
    assert found["tool_invocations"] == []
    assert (found["parent_session_id"], found["parent_relation"]) == ("p", "fork")
    assert (found["created_at"], found["last_activity_at"]) == (5_000, 6_000)


def test_participants_are_people_by_sender_and_the_agent() -> None:
    ada = {"id": "7", "name": "Ada", "channel": "telegram", "provenance": "PARSED"}
    found = session(
        user("1", 1_000, sender=ada | {"name": "A."}), user("2", 2_000, sender=ada), user("3", 3_000), reply("4", 4_000)
    )

    assert found["participants"] == [
        {"kind": "user", "id": "7", "name": "Ada", "channel": "telegram", "messages": 2},
        {"kind": "user", "id": "user", "name": None, "channel": None, "messages": 1},
        {"kind": "agent", "id": "main", "name": None, "channel": None, "messages": 1},
    ]


def test_a_heartbeat_is_nobodys_message() -> None:
    heartbeat = user("1")
    said_by(heartbeat)["origin"] = "SYSTEM"

    assert session(heartbeat)["participants"] == []


def test_what_was_observed_outweighs_what_was_inferred_later() -> None:
    found = session(
        context("1", 9_000, channel="webchat", provenance="INFERRED"),
        context("2", 1_000, channel="telegram", provenance="OBSERVED"),
    )

    assert found["channel"] == "telegram"


def named(entry: str, at: int, name: str) -> SessionEvent:
    return event("SESSION_INFO", entry, at, session_info={"name": name})


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.sampled_from(TRUST)),
        min_size=1,
        max_size=8,
    )
)
def test_a_last_value_is_of_the_most_trusted_then_latest_then_by_its_hash(facts: list[tuple[int, str]]) -> None:
    events = [
        context(str(number), at, channel=f"channel-{number}", provenance=provenance)
        for number, (at, provenance) in enumerate(facts)
    ]
    last = max(
        (TRUST.index(provenance), at, made["event_id"], f"channel-{number}")
        for number, ((at, provenance), made) in enumerate(zip(facts, events, strict=True))
    )

    assert session(*events)["channel"] == last[-1]


@pytest.mark.parametrize("at", [(1_000, 2_000), (1_000, 1_000)], ids=["one later", "at one time"])
def test_which_name_is_the_last_does_not_depend_on_which_came_last(at: tuple[int, int]) -> None:
    one, other = named("1", at[0], "One"), named("2", at[1], "Other")

    assert session(one, other)["title"] == session(other, one)["title"]
    assert at[0] == at[1] or session(other, one)["title"] == "Other"


def test_the_title_is_the_sessions_own_name_while_it_has_one() -> None:
    named = event("SESSION_INFO", "1", 1_000, session_info={"name": "Household"})
    cleared = event("SESSION_INFO", "2", 2_000, session_info={"name": None})
    displayed = context("3", 0, display_name="Home chat")

    assert session(displayed, named)["title"] == "Household"
    assert session(displayed, named, cleared)["title"] == "Home chat"


def test_a_session_that_went_on_is_open() -> None:
    closed = session(user("1", 1_000), lifecycle("deleted", 2_000))
    reopened = session(user("1", 1_000), lifecycle("deleted", 2_000), user("2", 3_000))

    assert (closed["closed_at"], closed["closed_reason"]) == (2_000, "deleted")
    assert (reopened["closed_at"], reopened["closed_reason"]) == (None, None)


def test_a_subagents_parent_comes_from_its_context() -> None:
    found = session(context("1", parent_session_id="p", parent_relation="subagent"), user("2"))

    assert (found["parent_session_id"], found["parent_relation"]) == ("p", "subagent")


def test_tools_are_counted_by_what_became_of_them() -> None:
    found = session(
        reply("1", 1_000, call("a", "exec"), call("b", "exec"), call("c", "read")),
        result("2", 2_000, "a"),
        result("3", 2_000, "b", tool_status="error", is_error=False),
    )

    assert found["tool_invocations"] == [
        {"name": "exec", "calls": 2, "succeeded": 1, "failed": 1, "pending": 0},
        {"name": "read", "calls": 1, "succeeded": 0, "failed": 0, "pending": 1},
    ]
    assert found["error_count"] == 1


def test_an_event_without_a_payload_is_an_entry_that_says_nothing() -> None:
    sealed = user("1")
    sealed["payload"], sealed["sealed"] = None, b"?"

    found = session(sealed)

    assert (found["entry_count"], found["message_count"]) == (1, 0)


def test_sums_stay_within_what_a_record_can_hold() -> None:
    absurd = [reply(str(number)) for number in range(3)]
    for one in absurd:
        most = 2**63 - 1
        said_by(one)["usage"] = {
            "input": most,
            "output": most,
            "cache_read": most,
            "cache_write": most,
            "total": most,
            "cost_nanousd": most,
        }

    assert session(*absurd)["total_tokens"] == 2**63 - 1
