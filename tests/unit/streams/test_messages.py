from __future__ import annotations

from typing import Any

import pytest

from schemas.records import SearchableMessage, SessionEvent
from sessiontrack.identity import message_id
from streams.derive import derive
from tests.unit.streams.events import FAMILY, SESSION, call, context, event, message, reply, result, text, user


def only(*events: SessionEvent) -> SearchableMessage:
    [record] = derive(events).messages.values()
    return record


def test_a_message_carries_its_words_and_its_session() -> None:
    header = {"version": 3, "cwd": "/work", "parent_session": None, "parent_session_id": None}
    body = message("user", text("one"), text("two"), {**text("hm"), "type": "thinking"}, origin="USER")
    said = event("MESSAGE", "1", 1_000, message=body)
    assert said["entry_key"] is not None

    record = only(context("f", channel="webchat"), event("SESSION", "h", session=header), said)

    assert record["message_id"] == message_id(FAMILY, SESSION, said["entry_key"])
    assert (record["text"], record["thinking"]) == ("one\n\ntwo", "hm")
    assert (record["cwd"], record["project"], record["channel"], record["agent_id"]) == (
        "/work",
        "/work",
        "webchat",
        "main",
    )
    assert (record["entry_id"], record["timestamp"]) == ("id-1", 1_000)


def test_it_is_made_once_from_its_first_occurrence() -> None:
    first, again = user("1", line_number=5), user("1", line_number=2, generation="rewritten")

    assert only(context("f", channel="a"), first, context("g", channel="b"), again, first)["channel"] == "a"
    assert only(first, again)["line_number"] == 5


def test_tools_and_the_values_of_their_arguments_are_found() -> None:
    arguments = '{"path":"notes/a.md","edits":[{"old":"x","line":3}],"all":true}'

    record = only(reply("1", 1_000, call("c1", "edit", arguments), call("c2", "edit", "not JSON"), call("c3", "read")))

    assert record["tools_used"] == ["edit", "read"]
    assert record["tool_call_ids"] == ["c1", "c2", "c3"]
    assert record["tool_arguments"] == "notes/a.md\nx\n3\nnot JSON"


def test_a_result_names_its_tool() -> None:
    record = only(result("1", 1_000, "c", "exec", tool_status="failed"))

    assert (record["tools_used"], record["tool_call_ids"], record["is_error"]) == (["exec"], ["c"], True)


def test_the_senders_channel_goes_before_the_sessions() -> None:
    sender = {"id": "7", "name": "Ada", "channel": "telegram", "provenance": "PARSED"}

    record = only(context("f", channel="webchat", provenance="OBSERVED"), user("1", sender=sender))

    assert (record["sender_id"], record["sender_name"], record["channel"]) == ("7", "Ada", "telegram")


@pytest.mark.parametrize(
    ("kind", "body", "role"),
    [
        (
            "CUSTOM_MESSAGE",
            {"custom_message": {"custom_type": "note", "text": "words", "display": True}},
            "custom_message",
        ),
        (
            "COMPACTION",
            {"compaction": {"summary": "words", "first_kept_entry_id": None, "tokens_before": 1, "tokens_after": None}},
            "compaction",
        ),
        ("BRANCH_SUMMARY", {"branch_summary": {"from_id": "root", "summary": "words"}}, "branch_summary"),
    ],
)
def test_what_else_has_words_is_searched_too(kind: str, body: dict[str, Any], role: str) -> None:
    record = only(event(kind, "1", **body))

    assert (record["role"], record["text"], record["origin"]) == (role, "words", "SYSTEM")
    assert derive([event(kind, "1", **body)]).sessions[SESSION]["message_count"] == 0


def test_an_entry_without_an_id_is_named_by_its_line() -> None:
    nameless = user("1", line_number=7)
    nameless["entry_id"] = None

    assert only(nameless)["entry_id"] == "line:7"


def test_the_version_rises_with_what_is_known_of_the_session_and_how_surely() -> None:
    said = user("1")
    alone, inferred, observed = (
        only(*before, said)["version"]
        for before in ([], [context("f", channel="a")], [context("f", channel="a", provenance="OBSERVED")])
    )
    assert alone < inferred < observed
