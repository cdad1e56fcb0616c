import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.clawdbot.context import SessionKey, parse_session_key, parse_sessions
from schemas.records import Context
from sessiontrack.errors import TerminalError


def contexts(entries: dict[str, Any]) -> dict[str, Context]:
    return {facts.session_id: facts.context for facts in parse_sessions(json.dumps(entries).encode())}


WEBCHAT = {"deliveryContext": {"channel": "webchat"}, "chatType": "direct"}
HEARTBEAT = {"origin": {"label": "heartbeat", "provider": "heartbeat"}, "lastTo": "heartbeat"}


def test_facts_of_a_chat() -> None:
    (facts,) = parse_sessions(json.dumps({"agent:main:main": {"sessionId": "s", "label": "Home"} | WEBCHAT}).encode())
    assert (facts.session_id, facts.agent_id) == ("s", "main")
    assert facts.context == {
        "session_key": "agent:main:main",
        "channel": "webchat",
        "chat_type": "direct",
        "display_name": "Home",
        "parent_session_id": None,
        "parent_relation": None,
        "provenance": "INFERRED",
    }


def test_the_key_names_the_channel_even_where_the_web_chat_drove_it() -> None:
    context = contexts({"agent:main:discord:channel:42": {"sessionId": "s"} | WEBCHAT})["s"]
    assert (context["channel"], context["chat_type"]) == ("discord", "channel")


def test_a_heartbeat_is_no_channel() -> None:
    assert contexts({"agent:main:main": {"sessionId": "s"} | HEARTBEAT})["s"]["channel"] is None
    assert contexts({"agent:main:main": {"sessionId": "s"} | HEARTBEAT | WEBCHAT})["s"]["channel"] == "webchat"


def test_what_changes_by_itself_is_no_fact() -> None:
    entry = {"sessionId": "s"} | WEBCHAT
    later = entry | HEARTBEAT | {"updatedAt": 2, "totalTokens": 9, "model": "other", "compactionCount": 3}
    assert contexts({"agent:main:main": entry}) == contexts({"agent:main:main": later})


def test_a_sub_agents_parent_is_the_session_of_the_key_that_spawned_it() -> None:
    context = contexts(
        {
            "agent:main:main": {"sessionId": "p"},
            "agent:main:subagent:1": {"sessionId": "c", "spawnedBy": "agent:main:main"},
        }
    )["c"]
    assert (context["parent_session_id"], context["parent_relation"]) == ("p", "subagent")


def test_a_session_that_began_later_is_no_parent() -> None:
    context = contexts(
        {
            "agent:main:main": {"sessionId": "p", "sessionStartedAt": 2000},
            "agent:main:subagent:1": {"sessionId": "c", "spawnedBy": "agent:main:main", "sessionStartedAt": 1000},
        }
    )["c"]
    assert context["parent_session_id"] is None


def test_a_fork_that_names_its_source() -> None:
    entry = {"sessionId": "c", "forkSource": {"sessionId": "p"}, "parentSessionKey": "agent:main:main"}
    context = contexts({"agent:main:dashboard:1": entry})["c"]
    assert (context["parent_session_id"], context["parent_relation"]) == ("p", "fork")


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("agent:main:main", SessionKey("main", None, None)),
        ("agent:work:dm:ada", SessionKey("work", None, "direct")),
        ("agent:main:telegram:dm:1234", SessionKey("main", "telegram", "direct")),
        ("agent:main:telegram:work:direct:1234", SessionKey("main", "telegram", "direct")),
        ("agent:main:telegram:group:-100987:topic:42", SessionKey("main", "telegram", "group")),
        ("agent:main:slack:channel:C1:thread:17", SessionKey("main", "slack", "channel")),
        ("agent:main:subagent:4fa33b00", SessionKey("main", None, None)),
        ("agent:main:cron:1f2e", SessionKey("main", None, None)),
        ("whatsapp:group:1@g.us", SessionKey(None, "whatsapp", "group")),
        ("global", SessionKey(None, None, None)),
        ("", SessionKey(None, None, None)),
    ],
)
def test_session_keys(key: str, expected: SessionKey) -> None:
    assert parse_session_key(key) == expected


@pytest.mark.parametrize("data", [b"", b"{torn", b"[]", b"\xff", b"[" * 100_000])
def test_a_damaged_file_is_an_error(data: bytes) -> None:
    with pytest.raises(TerminalError, match=r"sessions\.json"):
        parse_sessions(data)


@given(
    st.dictionaries(
        st.text(max_size=12),
        st.none()
        | st.dictionaries(
            st.sampled_from(["sessionId", "label", "channel", "origin", "spawnedBy", "forkSource", "chatType"]),
            st.none() | st.integers() | st.text(max_size=4) | st.just({"channel": 1, "provider": [], "sessionId": 2}),
        ),
    )
)
def test_fields_of_wrong_types_are_no_facts(entries: dict[str, Any]) -> None:
    parse_sessions(json.dumps(entries).encode())
