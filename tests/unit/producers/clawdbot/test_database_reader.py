"""All sessions of a database, as they are appended to and rewritten."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

from producers.transcript import Transcript, TranscriptSource
from tests.unit.producers.clawdbot.agent_database import (
    AgentDatabaseWriter,
    compressed,
    database_in,
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


async def test_rows_are_the_lines_of_a_transcript(reading: Reading, writer: AgentDatabaseWriter) -> None:
    writer.append(SESSION, header(), message(1))
    writer.append(SESSION, message(2), message(3), compressed=True)
    await reading.notice()
    transcript = Transcript(TranscriptSource(session_id=SESSION))
    expected = [transcript.append(each, captured_at=0) for each in (header(), message(1), message(2), message(3))]
    events = [event for event in reading.log.events if event["line_number"] is not None]
    assert [event["event_id"] for event in events] == [event["event_id"] for event in expected]
    source = events[0]["source"]
    assert (source["format"], source["file_name"], source["brand"]) == ("sqlite", "openclaw-agent.sqlite", "openclaw")
    assert events[0]["agent_id"] == "main"


async def test_only_what_is_new_is_sent_and_again_after_a_restart(
    reading: Reading, writer: AgentDatabaseWriter
) -> None:
    writer.append(SESSION, header(), message(1))
    await reading.notice()
    await reading.restart()
    writer.append(SESSION, message(2))
    writer.append(OTHER_SESSION, header(OTHER_SESSION))
    await reading.notice()
    await reading.restart()
    await look_around(reading.reader)
    assert reading.log.lines == [header(), message(1), message(2), header(OTHER_SESSION)]


async def test_what_was_written_while_nobody_looked_is_read_at_the_start(
    reading: Reading, writer: AgentDatabaseWriter
) -> None:
    writer.append(SESSION, header(), message(1))
    await reading.restart()
    writer.append(SESSION, message(2))
    await reading.restart()
    assert reading.log.lines == [header(), message(1), message(2)]
    assert heads(reading.log) == [("IMPORTED", "LIVE", 2), ("IMPORTED", "LIVE", 3)]


async def test_the_last_minutes_are_sent_again_at_the_start(reading: Reading, writer: AgentDatabaseWriter) -> None:
    writer.append(SESSION, header(), message(1), message(2, at=LATE))
    writer.append(OTHER_SESSION, header(OTHER_SESSION))
    writer.archive(OTHER_SESSION, "reset")
    await reading.restart()
    before = len(reading.log.lines)
    await reading.restart(resend_since=NOW - 600_000)
    assert reading.log.lines[before:] == [message(2, at=LATE)]


async def test_a_compaction_that_numbers_the_rows_anew_is_a_new_generation(
    reading: Reading, writer: AgentDatabaseWriter
) -> None:
    writer.append(SESSION, header(), *map(message, range(1, 6)))
    await reading.notice()
    writer.compact(SESSION, 2)
    writer.append(SESSION, message(6))
    await reading.notice()
    assert heads(reading.log) == [("TRUNCATED", "REPLACED", 6)]
    assert reading.log.lines[6:] == [header(), message(4), message(5), message(6)]
    # The header is the same in both.
    assert len({event["event_id"] for event in reading.log.events if event["line_number"]}) == 6 + 3


async def test_a_rewrite_before_the_last_row_is_noticed_at_once(reading: Reading, writer: AgentDatabaseWriter) -> None:
    writer.append(SESSION, header(), message(1), message(2))
    await reading.notice()
    writer.replace(SESSION, [header(), message(1, "edited"), message(2)])
    await reading.notice()
    assert heads(reading.log) == [("REWRITTEN", "REPLACED", 3)]
    assert reading.log.lines[3:] == [header(), message(1, "edited"), message(2)]


async def test_rows_that_are_only_numbered_anew_are_the_same(reading: Reading, writer: AgentDatabaseWriter) -> None:
    writer.append(SESSION, header(), message(1))
    await reading.notice()
    writer.connection.execute("UPDATE transcript_events SET seq = seq + 100")
    writer.append(SESSION, message(2))
    await reading.notice()
    assert reading.log.lines == [header(), message(1), message(2)]


async def test_a_row_that_is_changed_in_place_is_found_when_the_session_has_come_to_rest(
    reading: Reading, writer: AgentDatabaseWriter
) -> None:
    writer.append(SESSION, header(), message(1))
    await reading.notice()
    writer.append(SESSION, message(2))
    await reading.notice()
    await look_around(reading.reader)
    edited = message(1, "edited").decode().removesuffix("\n")
    writer.connection.execute("UPDATE transcript_events SET event_json = ? WHERE seq = 1", (edited,))
    await look_around(reading.reader)
    assert heads(reading.log) == [("REWRITTEN", "REPLACED", 3)]
    assert reading.log.lines[3:] == [header(), message(1, "edited"), message(2)]


async def test_the_clock_of_the_watermarks_may_go_backwards(reading: Reading, writer: AgentDatabaseWriter) -> None:
    writer.append(SESSION, header(), message(1), message(2))
    writer.append(OTHER_SESSION, header(OTHER_SESSION))
    await reading.notice()
    writer.replace(SESSION, [header(), message(1, "edited"), message(2)])
    writer.connection.execute("UPDATE transcript_rewrite_watermarks SET updated_at = 1 WHERE session_id = ?", [SESSION])
    await look_around(reading.reader)
    assert reading.log.lines[4:] == [header(), message(1, "edited"), message(2)]


async def test_a_reset_is_a_row_like_others(reading: Reading, writer: AgentDatabaseWriter) -> None:
    writer.append(SESSION, header(), message(1), line(type="reset", id="53e820e3", parentId=None, reason="new"))
    await reading.notice()
    assert [event["kind"] for event in reading.log.events] == ["CONTEXT", "SESSION", "MESSAGE", "RESET"]
    assert not lifecycles(reading.log)


async def test_facts_of_sessions_come_before_their_lines_and_when_they_change(
    reading: Reading, writer: AgentDatabaseWriter
) -> None:
    writer.node("agent:main:main", OTHER_SESSION, {"sessionStartedAt": 1})
    writer.node(KEY, SESSION, {"forkSource": {"sessionId": OTHER_SESSION}, "skillsSnapshot": {"prompt": "x" * 1000}})
    writer.window(SESSION, KEY, display_name="Family")
    writer.append(SESSION, header())
    await reading.notice()
    assert [event["kind"] for event in reading.log.events] == ["CONTEXT", "SESSION"]
    assert contexts(reading.log) == [
        {
            "session_key": KEY,
            "channel": "telegram",
            "chat_type": "group",
            "display_name": "Family",
            "parent_session_id": OTHER_SESSION,
            "parent_relation": "fork",
            "provenance": "INFERRED",
        }
    ]
    writer.append(SESSION, message(1))
    await reading.notice()
    assert len(contexts(reading.log)) == 1
    writer.node(KEY, SESSION, {"label": "Household"})
    await reading.notice()
    assert contexts(reading.log)[1]["display_name"] == "Household"


async def test_a_sub_agent_knows_its_parent(reading: Reading, writer: AgentDatabaseWriter) -> None:
    writer.node("agent:main:main", OTHER_SESSION, {})
    writer.node(
        f"agent:main:subagent:{SESSION}", SESSION, {"parentSessionId": OTHER_SESSION}, spawned_by="agent:main:main"
    )
    writer.append(SESSION, header())
    await reading.notice()
    (context,) = contexts(reading.log)
    assert (context["parent_session_id"], context["parent_relation"]) == (OTHER_SESSION, "subagent")


async def test_what_can_not_be_read_is_counted_and_tried_again(
    reading: Reading, writer: AgentDatabaseWriter, state: Path
) -> None:
    writer.append(SESSION, header())
    broken = database_in(state, "broken")
    write(broken, b"not a database" * 100)
    archive = (
        state
        / "agents"
        / "main"
        / "sessions"
        / f"{OTHER_SESSION}.jsonl.deleted.2026-11-22T01-05-40.095Z.{'a' * 32}.zst"
    )
    whole = compressed(header(OTHER_SESSION) + message(1) * 1000)
    write(archive, whole[:-10])
    await reading.restart()
    assert reading.log.lines[0] == header()
    assert reading.reader.counts.skipped == {broken: "no database", archive: "damaged"}
    broken.unlink()
    healed = AgentDatabaseWriter(broken)
    healed.append("healed", header("healed"))
    healed.close()
    write(archive, whole)
    await look_around(reading.reader)
    assert not reading.reader.counts.skipped
    assert header("healed") in reading.log.lines
    assert ("ARCHIVED", "DELETED", 1001) in heads(reading.log)


async def test_a_damaged_archive_or_row_holds_nothing_up(reading: Reading, writer: AgentDatabaseWriter) -> None:
    writer.append(SESSION, header(), message(1))
    writer.append(OTHER_SESSION, header(OTHER_SESSION), message(2), compressed=True)
    writer.connection.execute(
        "UPDATE transcript_events SET event_zstd = x'010203' WHERE seq = 1 AND event_json IS NULL"
    )
    writer.archive(SESSION, "reset")
    writer.connection.execute("UPDATE session_transcript_archives SET archive_blob = substr(archive_blob, 1, 60)")
    await reading.restart()
    assert list(reading.reader.counts.skipped.values()) == ["damaged"]
    assert set(reading.log.lines) == {header(), message(1), header(OTHER_SESSION), b"\x01\x02\x03\n"}
    assert [
        event["kind"]
        for event in reading.log.events
        if event["payload"] and event["payload"]["raw"] == b"\x01\x02\x03\n"
    ] == ["UNPARSED"]


async def test_a_damaged_page_concerns_one_session(reading: Reading, writer: AgentDatabaseWriter) -> None:
    writer.append("damaged", header("damaged"), message(1, "x" * 50_000))
    writer.append(SESSION, header(), message(1))
    writer.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    data = bytearray(writer.path.read_bytes())
    # An overflow page: where the next one is, and then nothing but the text.
    page = data.index(b"x" * 4092) // 4096 * 4096
    data[page : page + 4] = b"\xff" * 4
    write(writer.path, bytes(data))
    for _ in range(2):
        await look_around(reading.reader)
        assert [each for each in reading.log.lines if each != header("damaged")] == [header(), message(1)]
        assert reading.reader.counts.skipped == {writer.path: "damaged"}


async def test_an_older_schema_without_watermarks_and_windows_is_read(tmp_path: Path) -> None:
    path = database_in(tmp_path)
    path.parent.mkdir(parents=True)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(
        "CREATE TABLE transcript_events (session_id TEXT, seq INTEGER, event_json TEXT, PRIMARY KEY (session_id, seq))"
    )

    def insert(*lines: bytes) -> None:
        rows = [(seq, each.decode().removesuffix("\n")) for seq, each in enumerate(lines)]
        connection.executemany("INSERT OR IGNORE INTO transcript_events VALUES ('old', ?, ?)", rows)

    log = Log()
    reader = log.database_reader(tmp_path)
    insert(header("old"), message(1))
    await reader.read_all(final=False)
    insert(header("old"), message(1), message(2))
    await reader.read_changed([path])
    connection.execute("DELETE FROM transcript_events")
    insert(header("old"), message(2))
    await reader.read_changed([path])
    reader.close()
    connection.close()
    assert log.lines == [header("old"), message(1), message(2), header("old"), message(2)]


async def test_long_transcripts_come_in_many_batches_and_long_rows_whole(
    reading: Reading, writer: AgentDatabaseWriter
) -> None:
    long = message(1, "x" * 20_000_000)
    many = [message(number, "y" * 10_000) for number in range(2, 400)]
    writer.append(SESSION, header(), long, *many)
    batches: list[int] = []
    send = reading.log.send

    async def counted(batch: Any) -> None:
        batches.append(sum(len(event["payload"]["raw"] or b"") for event in batch.events))
        await send(batch)

    reading.reader._send_batch = counted
    await reading.notice()
    assert reading.log.lines == [header(), long, *many]
    assert len(batches) >= 4
    assert sorted(batches)[-2] < 1_100_000


async def test_a_database_of_another_name_is_read_where_it_is_named(tmp_path: Path) -> None:
    writer = AgentDatabaseWriter(tmp_path / "store" / "shared.sqlite")
    writer.append(SESSION, header())
    log = Log()
    reader = log.database_reader(writer.path)
    await reader.read_all(final=False)
    writer.append(SESSION, message(1))
    await reader.read_changed([writer.path.with_name("shared.sqlite-wal")])
    assert log.lines == [header(), message(1)]
    unnamed = log.database_reader(writer.path.parent)
    await unnamed.read_all(final=False)
    assert len(log.lines) == 2
    reader.close()
    writer.close()


async def test_a_database_that_is_removed_is_forgotten(reading: Reading, writer: AgentDatabaseWriter) -> None:
    writer.append(SESSION, header())
    await reading.notice()
    writer.close()
    for path in writer.path.parent.iterdir():
        path.unlink()
    await reading.notice()
    await look_around(reading.reader)
    assert not reading.reader.counts.skipped
    assert not lifecycles(reading.log)
    await reading.restart()
    assert reading.reader.gone() == [(writer.path, SESSION, "")]
