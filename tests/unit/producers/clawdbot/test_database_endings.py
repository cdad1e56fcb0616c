"""Sessions of a database that are put away, deleted, moved, or replaced by another."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from streams.derive import derive
from tests.unit.producers.clawdbot.agent_database import (
    ARCHIVED_AT,
    AgentDatabaseWriter,
    compressed,
)
from tests.unit.producers.clawdbot.database_reading import Reading, contexts, lifecycles
from tests.unit.producers.clawdbot.writing import (
    NOW,
    OTHER_SESSION,
    SESSION,
    Log,
    header,
    heads,
    line,
    look_around,
    message,
    write,
)

KEY = "agent:main:telegram:group:42"
LATE = "2026-11-22T03:59:00.000Z"


async def test_a_session_that_is_deleted_and_archived_ends_with_its_archive(
    reading: Reading, writer: AgentDatabaseWriter
) -> None:
    writer.append(SESSION, header(), message(1))
    await reading.notice()
    writer.append(SESSION, message(2))
    writer.delete(SESSION)
    await reading.notice()
    assert reading.log.lines == [header(), message(1), message(2)]
    assert heads(reading.log) == [("ARCHIVED", "DELETED", 3)]
    assert lifecycles(reading.log) == [(SESSION, "deleted", ARCHIVED_AT)]
    await reading.restart()
    assert len(heads(reading.log)) == 1
    assert (writer.path, SESSION, "") in reading.reader.gone()


async def test_an_archive_that_is_not_what_was_read_leaves_the_generation_that_was(
    reading: Reading, writer: AgentDatabaseWriter
) -> None:
    writer.append(SESSION, header(), message(1))
    await reading.notice()
    writer.replace(SESSION, [header(), message(2)])
    writer.delete(SESSION)
    await reading.notice()
    assert heads(reading.log) == [("REWRITTEN", "REPLACED", 2), ("ARCHIVED", "DELETED", 2)]


@pytest.mark.parametrize("while_away", [False, True])
async def test_a_session_that_is_gone_without_a_trace_was_deleted(
    while_away: bool, reading: Reading, writer: AgentDatabaseWriter
) -> None:
    writer.append(SESSION, header(), message(1))
    writer.append(OTHER_SESSION, header(OTHER_SESSION))
    await reading.restart()
    writer.delete(SESSION, reason=None)
    await (reading.restart() if while_away else reading.notice())
    await look_around(reading.reader)
    assert heads(reading.log)[2:] == [("CLOSED", "DELETED", 2)]
    assert lifecycles(reading.log) == [(SESSION, "deleted", NOW)]


async def test_the_time_of_a_deletion_is_the_one_of_its_tombstone(
    reading: Reading, writer: AgentDatabaseWriter
) -> None:
    writer.append(SESSION, header())
    await reading.notice()
    writer.connection.execute("INSERT INTO memory_session_tombstones VALUES (?, 'main', 'deleted', 77)", [SESSION])
    writer.delete(SESSION, reason=None)
    await reading.notice()
    assert lifecycles(reading.log) == [(SESSION, "deleted", 77)]


async def test_an_archive_of_before_is_read_with_what_only_it_knows(
    reading: Reading, writer: AgentDatabaseWriter
) -> None:
    writer.window(SESSION, KEY)
    writer.append(SESSION, header(), message(1))
    writer.archive(SESSION, "reset", "identity", at=5)
    writer.delete(SESSION)
    await reading.restart()
    assert heads(reading.log) == [("ARCHIVED", "RESET", 2), ("ARCHIVED", "DELETED", 2)]
    assert lifecycles(reading.log) == [(SESSION, "reset", 5), (SESSION, "deleted", ARCHIVED_AT)]
    assert {(each["session_key"], each["channel"], each["chat_type"]) for each in contexts(reading.log)} == {
        (KEY, "telegram", "group")
    }


async def test_an_archive_in_the_database_and_the_same_in_a_file_are_the_same_events(
    reading: Reading, writer: AgentDatabaseWriter, state: Path
) -> None:
    writer.append(SESSION, header(), message(1))
    lines = writer.lines(SESSION)
    with writer.transaction():
        name = writer.archive(SESSION, "deleted")
    writer.delete(SESSION, reason=None)
    published = state / "agents" / "main" / "sessions" / name
    write(published, compressed(b"".join(lines)))
    await reading.reader.read_changed([writer.path, published])
    by_id: dict[str, set[str]] = {}
    for event in reading.log.events:
        by_id.setdefault(event["event_id"], set()).add(event["kind"])
    assert Counter(kind for kinds in by_id.values() for kind in kinds) == {
        "SESSION": 1,
        "MESSAGE": 1,
        "TRANSCRIPT_HEAD": 1,
        "LIFECYCLE": 1,
        "CONTEXT": 1,
    }


@pytest.mark.parametrize("in_file", [False, True])
async def test_a_transcript_in_cold_storage_is_the_one_that_was_in_rows(
    in_file: bool, reading: Reading, writer: AgentDatabaseWriter, state: Path
) -> None:
    folder = state / "agents" / "main" / "sessions" / "cold" if in_file else None
    lines = [header(), message(1, 'quotes " and ü')]
    writer.append(SESSION, *lines)
    writer.append(OTHER_SESSION, header(OTHER_SESSION))
    await reading.notice()
    writer.cool(SESSION, folder)
    writer.cool(OTHER_SESSION, folder)
    await look_around(reading.reader)
    assert len(reading.log.lines) == 3
    assert sorted(heads(reading.log)) == [("ARCHIVED", "LIVE", 1), ("ARCHIVED", "LIVE", 2)]
    assert not lifecycles(reading.log)
    anew = Log()
    fresh = anew.database_reader(state)
    await fresh.read_all(final=True)
    fresh.close()
    assert {event["event_id"] for event in anew.events if event["line_number"]} == {
        event["event_id"] for event in reading.log.events if event["line_number"]
    }
    writer.warm(SESSION, lines)
    writer.append(SESSION, message(2))
    await look_around(reading.reader)
    assert reading.log.lines[3:] == [message(2)]


async def test_a_transcript_that_moved_from_a_file_into_a_database_is_counted_once(
    reading: Reading, writer: AgentDatabaseWriter, state: Path
) -> None:
    def header_of(version: int) -> bytes:
        return line(type="session", version=version, id=SESSION, timestamp="2026-11-22T00:51:17.889Z", cwd="/home/u")

    path = state / "agents" / "main" / "sessions" / f"{SESSION}.jsonl"
    write(path, header_of(3) + message(1, "a") + message(2, "b"))
    await reading.log.reader(state).read_all(final=True)
    writer.append(SESSION, header_of(4), message(11, "a"), message(12, "b"), message(13, "c"))
    await reading.notice()
    session = derive(reading.log.events).sessions[SESSION]
    assert (session["message_count"], session["entry_count"]) == (3, 4)


async def test_a_session_whose_place_another_took_was_reset(reading: Reading, writer: AgentDatabaseWriter) -> None:
    writer.window(SESSION, KEY)
    writer.append(SESSION, header())
    await reading.notice()
    writer.window(OTHER_SESSION, KEY, previous_session_id=SESSION, reason="rollover", created_at=99)
    await reading.notice()
    assert lifecycles(reading.log) == [(SESSION, "reset", 99)]
    await reading.restart()
    assert len(lifecycles(reading.log)) == 1
