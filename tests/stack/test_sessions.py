from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import pytest

from consumers.postgres.batch import project
from consumers.postgres.sink import PostgresSink
from consumers.sink import Partition, Received
from queries.conversation import conversation
from queries.documents import session_document
from queries.filters import Filters
from queries.sessions import list_sessions, resolve
from schemas.topics import EVENTS, MESSAGES, SESSIONS, TOOL_CALLS, Topic
from sessiontrack.errors import NotFoundError, UnavailableError, UsageError
from sessiontrack.identity import GENESIS, message_id
from sessiontrack.settings import Settings
from tests.records import event, message, session, tool_call

USAGE = {
    "provider": "anthropic",
    "model": "claude-opus-4-5",
    "calls": 1,
    "errors": 0,
    "input_tokens": 1,
    "output_tokens": 1,
    "cache_read_tokens": 0,
    "cache_write_tokens": 0,
    "total_tokens": 2,
    "cost_nanousd": 3,
}
TOOL = {"name": "exec", "calls": 1, "succeeded": 1, "failed": 0, "pending": 0}
ADA = {"kind": "user", "id": "42", "name": "Ada Lovelace", "channel": "telegram", "messages": 1}
AGENT = {"kind": "agent", "id": "Ada the bot", "name": None, "channel": None, "messages": 1}


async def store(settings: Settings, topic: Topic, *records: Any) -> None:
    sink = PostgresSink(settings)
    await sink.write(
        [Received(Partition(topic.name, 0), 0, 0, b"", b"", (), project(topic.name, b"", record)) for record in records]
    )
    await sink.close()


def listed(settings: Settings, filters: Filters) -> list[str]:
    return [row["session_id"] for row in list_sessions(settings, filters).rows]


@pytest.fixture
def agent() -> str:
    """An agent of the test's own, so that tests do not see one another's sessions."""
    return str(uuid4())


async def test_pages_are_complete_and_without_repeats_while_sessions_come_and_go_on(
    database_settings: Settings, agent: str
) -> None:
    # Three sessions of each time: the order within a time counts too.
    sessions = [session(session_id=f"{agent}-{n:02}", agent_id=agent, last_activity_at=n // 3) for n in range(20)]
    await store(database_settings, SESSIONS, *sessions)
    expected = [each["session_id"] for each in reversed(sessions)]
    seen: list[str] = []
    cursor: str | None = None
    for turn in range(7):
        page = list_sessions(database_settings, Filters(agent=agent), limit=3, after=cursor)
        seen += [row["session_id"] for row in page.rows]
        cursor = page.next
        await store(
            database_settings,
            SESSIONS,
            session(session_id=f"{agent}-new-{turn}", agent_id=agent, last_activity_at=100 + turn),
            sessions[-1 - turn] | {"version": 2, "last_activity_at": 50 + turn},
        )
    assert seen == expected
    assert cursor is None


async def test_what_failed_is_that_of_the_tool_or_the_model_that_is_named(
    database_settings: Settings, agent: str
) -> None:
    failing_tool, failing_model = TOOL | {"failed": 1}, USAGE | {"errors": 1}
    held: dict[str, tuple[list[Any], list[Any]]] = {
        "tool": ([failing_tool, TOOL | {"name": "read"}], [USAGE]),
        "other tool": ([TOOL, TOOL | {"name": "read", "failed": 2}], [USAGE]),
        "model": ([TOOL], [failing_model]),
        "other model": ([TOOL], [USAGE, failing_model | {"model": "claude-haiku-4-5"}]),
    }
    sessions = [
        session(session_id=f"{agent}-{name}", agent_id=agent, error_count=1, tool_invocations=tools, models_used=models)
        for name, (tools, models) in held.items()
    ]
    nothing = session(session_id=f"{agent}-nothing", agent_id=agent, tool_invocations=[TOOL], models_used=[USAGE])
    await store(database_settings, SESSIONS, *sessions, nothing)

    def found(**filters: Any) -> set[str]:
        return {row.removeprefix(f"{agent}-") for row in listed(database_settings, Filters(agent=agent, **filters))}

    assert found(failed="any") == set(held)
    assert found(failed="tool") == {"tool", "other tool"}
    assert found(failed="tool", tool="EXEC") == {"tool"}
    assert found(failed="tool", tool="re*") == {"other tool"}
    assert found(failed="model") == {"model", "other model"}
    assert found(failed="model", model="anthropic/claude-opus-4-5") == {"model"}
    assert found(failed="model", model="*haiku*") == {"other model"}
    assert found(failed="tool", tool="exec", model="claude-opus-4-5") == {"tool"}
    assert found(failed="model", tool="exec", model="claude-opus-4-5") == {"model"}
    assert found(failed="any", tool="read", model="*haiku*") == set()
    assert found(tool="exec") == {*held, "nothing"}


async def test_a_page_holds_whole_sessions(database_settings: Settings, agent: str) -> None:
    whole = session(
        session_id=str(uuid4()),
        agent_id=agent,
        created_at=1,
        closed_at=253402300799999,
        participants=[ADA],
        models_used=[USAGE],
        messages_by_role={"user": 1},
    )
    await store(database_settings, SESSIONS, whole)
    assert list_sessions(database_settings, Filters(agent=agent)).rows == [whole]


@pytest.mark.parametrize(
    ("filters", "matches"),
    [
        ({}, True),
        ({"channel": "telegram"}, True),
        ({"channel": "Telegram"}, True),
        ({"channel": "tele*"}, True),
        ({"channel": "discord"}, False),
        ({"sender": "42"}, True),
        ({"sender": "ada lovelace"}, True),
        ({"sender": "lovelace"}, True),
        ({"sender": "4"}, False),
        ({"sender": "Ada the bot"}, False),
        ({"role": "toolResult"}, True),
        ({"role": "tool"}, True),
        ({"role": "bashExecution"}, False),
        ({"model": "claude-opus-4-5"}, True),
        ({"model": "anthropic/claude-opus-4-5"}, True),
        ({"model": "opus"}, False),
        ({"model": "*opus*"}, True),
        ({"tool": "exec"}, True),
        ({"tool": "exe"}, False),
        ({"project": "/home/ada/garden"}, True),
        ({"project": "/home/ada/"}, True),
        ({"project": "/home/a"}, False),
        ({"project": "/ada"}, False),
        ({"project": "Garden"}, True),
        ({"project": "ada/garden"}, True),
        ({"project": "gar"}, False),
        ({"project": "gar*"}, True),
        ({"project": "g_rden"}, False),
        ({"since": 2000}, True),
        ({"since": 2001}, False),
        ({"until": 1001}, True),
        ({"until": 1000}, False),
        ({"role": "user", "sender": "42", "since": 1, "until": 5000}, True),
        ({"tool": "exec", "sender": "43"}, False),
    ],
    ids=str,
)
async def test_filters(database_settings: Settings, agent: str, filters: dict[str, Any], matches: bool) -> None:
    one = session(
        session_id=str(uuid4()),
        agent_id=agent,
        channel="telegram",
        project="/home/ada/garden",
        created_at=1000,
        last_activity_at=2000,
        participants=[ADA, AGENT],
        models_used=[USAGE],
        tool_invocations=[TOOL],
        messages_by_role={"user": 1, "toolResult": 1},
    )
    await store(database_settings, SESSIONS, one)
    found = listed(database_settings, Filters(agent=agent, **filters))
    assert found == ([one["session_id"]] if matches else [])


async def test_a_unique_prefix_names_a_session(database_settings: Settings, agent: str) -> None:
    ids = [f"{agent}-a", f"{agent}-b", f"{agent}-b-topic-7", f"{agent}-%"]
    await store(database_settings, SESSIONS, *(session(session_id=each) for each in ids))
    assert resolve(database_settings, f"{agent}-a") == f"{agent}-a"
    assert resolve(database_settings, f"{agent}-%") == f"{agent}-%"
    assert resolve(database_settings, f"{agent}-b-") == f"{agent}-b-topic-7"
    assert resolve(database_settings, f"{agent}-b") == f"{agent}-b"


async def test_an_ambiguous_prefix_lists_the_candidates(database_settings: Settings, agent: str) -> None:
    await store(database_settings, SESSIONS, *(session(session_id=f"{agent}-{n:02}") for n in range(12)))
    with pytest.raises(UsageError) as ambiguous:
        resolve(database_settings, agent)
    hint = ambiguous.value.hint or ""
    assert [f"{agent}-{n:02}" in hint for n in range(12)] == [True] * 10 + [False] * 2
    assert "…" in hint


@pytest.mark.parametrize("lookup", [resolve, session_document, conversation], ids=lambda lookup: lookup.__name__)
def test_an_unknown_session_is_not_found(database_settings: Settings, lookup: Any) -> None:
    with pytest.raises(NotFoundError) as unknown:
        lookup(database_settings, "nobody's")
    assert "sessiontrack sessions" in (unknown.value.hint or "")


def test_no_session_at_all_is_a_question_to_the_person(database_settings: Settings) -> None:
    with pytest.raises(UsageError):
        resolve(database_settings, "")


def test_a_server_that_does_not_answer_is_named_with_what_to_do(database_settings: Settings) -> None:
    away = database_settings.postgres.model_copy(update={"port": 1})
    with pytest.raises(UnavailableError) as unavailable:
        list_sessions(database_settings.model_copy(update={"postgres": away}), Filters())
    assert "sessiontrack up" in (unavailable.value.hint or "")


def chained(session_id: str, *lines: dict[str, Any]) -> Sequence[Any]:
    """Events of a transcript's lines; a line's chain and key are its number."""
    return [
        event(
            **line,
            event_id=str(uuid4()),
            family="clawdbot",
            session_id=session_id,
            chain=bytes([number]) * 32,
            previous_chain=bytes([number - 1]) * 32 if number > 1 else GENESIS,
            entry_key=bytes([number]),
            line_number=number,
        )
        for number, line in enumerate(lines, start=1)
    ]


def said(line: Any, **fields: Any) -> Any:
    return message(
        message_id=message_id("clawdbot", line["session_id"], line["entry_key"]),
        session_id=line["session_id"],
        line_number=line["line_number"],
        entry_id=line["entry_id"],
        **fields,
    )


async def test_a_session_is_shown_and_given_as_a_document(database_settings: Settings) -> None:
    session_id = str(uuid4())
    header, question, call, result = chained(
        session_id,
        {"kind": "SESSION"},
        {"kind": "MESSAGE", "entry_id": "q"},
        {"kind": "MESSAGE", "entry_id": "c", "parent_entry_id": "q"},
        {"kind": "MESSAGE", "entry_id": "r", "parent_entry_id": "c"},
    )
    messages = [
        said(result, role="toolResult", timestamp=3, tool_call_ids=["call_1"], text="69G"),
        said(call, role="assistant", timestamp=2, tool_call_ids=["call_1"], tools_used=["exec"]),
        said(question, text="How much space is left?", timestamp=2, sender_name="Ada"),
    ]
    joined = tool_call(tool_call_id=str(uuid4()), session_id=session_id, call_id="call_1", outcome="succeeded")
    await store(database_settings, EVENTS, header, question, call, result)
    await store(database_settings, MESSAGES, *messages)
    await store(database_settings, TOOL_CALLS, joined)
    await store(database_settings, SESSIONS, session(session_id=session_id, participants=[ADA]))

    shown = conversation(database_settings, session_id)
    assert [(entry.entry_id, entry.message) for entry in shown.entries] == [("q", messages[2]), ("c", messages[1])]
    assert shown.entries[1].tool_calls == (joined,)
    assert shown.session["participants"] == [ADA]
    assert shown.missing_lines == 0

    document = session_document(database_settings, session_id)
    # Equal times are in the order of the lines.
    assert [each["id"] for each in document["messages"]] == ["q", "c", "r"]
    assert [each["sender"] for each in document["messages"]] == ["Ada", "assistant", "toolResult"]
