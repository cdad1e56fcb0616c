"""One transcript file, read again and again while the assistant does to it what assistants do."""

from __future__ import annotations

from pathlib import Path

import pytest

from sessiontrack.identity import GENESIS, next_chain
from tests.unit.producers.clawdbot.writing import (
    OTHER_SESSION,
    RESET_AT,
    RESET_SUFFIX,
    SESSION,
    Log,
    content,
    header,
    heads,
    line,
    look_around,
    message,
    rename,
    write,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / ".clawdbot" / "agents" / "main" / "sessions" / f"{SESSION}.jsonl"


def chain_of(*lines: bytes) -> bytes:
    chain = GENESIS
    for each in lines:
        chain = next_chain(chain, each)
    return chain


async def test_what_is_appended_is_sent_once(path: Path, tmp_path: Path) -> None:
    log = Log()
    reader = log.reader(tmp_path)
    write(path, header() + message(1))
    await reader.read_all(final=False)
    write(path, message(2), append=True)
    await reader.read_changed([path])
    await reader.read_changed([path])
    assert log.lines == [header(), message(1), message(2)]
    assert [event["line_number"] for event in log.of_kind("MESSAGE")] == [2, 3]
    assert {(event["agent_id"], event["source"]["brand"]) for event in log.events} == {("main", "clawdbot")}


async def test_a_torn_last_line_waits_for_its_end(path: Path, tmp_path: Path) -> None:
    log = Log()
    reader = log.reader(tmp_path)
    write(path, header() + message(1)[:20])
    await reader.read_all(final=False)
    assert log.lines == [header()]
    write(path, message(1)[20:], append=True)
    await reader.read_changed([path])
    assert log.lines == [header(), message(1)]


async def test_a_torn_last_line_that_was_sent_is_replaced_by_its_completion(path: Path, tmp_path: Path) -> None:
    log = Log()
    write(path, header() + message(1)[:20])
    await log.reader(tmp_path).read_all(final=True)
    assert log.generation(chain_of(header(), message(1)[:20])) == content(path)
    write(path, message(1)[20:], append=True)
    await log.reader(tmp_path).read_all(final=True)
    assert log.generation(chain_of(header(), message(1))) == content(path)
    assert heads(log) == [("IMPORTED", "LIVE", 2), ("REWRITTEN", "REPLACED", 2), ("IMPORTED", "LIVE", 2)]


async def test_an_unchanged_file_is_passed_over(path: Path, tmp_path: Path) -> None:
    log = Log()
    write(path, header() + message(1))
    await log.reader(tmp_path).read_all(final=True)
    sent = len(log.events)
    reader = log.reader(tmp_path)
    await reader.read_all(final=True)
    assert len(log.events) == sent
    assert reader.counts.transcripts == {path}


async def test_recent_lines_are_sent_again_at_a_start(path: Path, tmp_path: Path) -> None:
    log = Log()
    recent = message(2, at="2026-11-22T02:00:00.000Z")
    write(path, header() + message(1) + recent)
    await log.reader(tmp_path).read_all(final=False)
    sent = {event["event_id"] for event in log.events}
    log.events.clear()
    await log.reader(tmp_path).read_all(final=False, resend_since=1_795_312_800_000)
    assert log.lines == [recent]
    assert {event["event_id"] for event in log.events} <= sent


async def test_a_rewrite_leaves_the_generation_before_it(path: Path, tmp_path: Path) -> None:
    log = Log()
    reader = log.reader(tmp_path)
    write(path, header() + message(1) + message(2))
    await reader.read_all(final=False)
    write(path, header() + message(1) + message(3, "something much longer") + message(4))
    await reader.read_changed([path])
    assert heads(log)[1:] == [("REWRITTEN", "REPLACED", 3)]
    assert log.generation(chain_of(header(), message(1), message(2)))
    assert log.generation(chain_of(header(), message(1), message(3, "something much longer"), message(4))) == content(
        path
    )


@pytest.mark.parametrize("left", [b"", header()], ids=["to nothing", "to its header"])
async def test_a_truncation_leaves_the_generation_before_it(path: Path, tmp_path: Path, left: bytes) -> None:
    log = Log()
    write(path, header() + message(1))
    await log.reader(tmp_path).read_all(final=False)
    write(path, left)
    await log.reader(tmp_path).read_all(final=False)
    assert heads(log)[1] == ("TRUNCATED", "REPLACED", 2)


async def test_an_edit_that_keeps_both_ends_is_found_when_the_file_has_come_to_rest(path: Path, tmp_path: Path) -> None:
    log = Log()
    reader = log.reader(tmp_path)
    some, rest = [b"".join(message(number) for number in numbers) for numbers in (range(10), range(11, 20))]
    write(path, header() + some + message(10, "old") + rest)
    await reader.read_all(final=False)
    write(path, header() + some + message(10, "new") + rest + message(20))
    await reader.read_changed([path])
    assert len(log.of_kind("TRANSCRIPT_HEAD")) == 1
    await look_around(reader)
    await look_around(reader)
    assert heads(log)[1:] == [("REWRITTEN", "REPLACED", 22)]
    assert message(10, "new") in log.lines


async def test_a_reset_is_a_rename_and_a_new_file(path: Path, tmp_path: Path) -> None:
    log = Log()
    reader = log.reader(tmp_path)
    write(path, header() + message(1))
    await reader.read_all(final=False)
    write(path, message(2)[:-1], append=True)
    put_away = rename(path, RESET_SUFFIX)
    write(path, header(OTHER_SESSION))
    await reader.read_changed([path, put_away])
    assert log.lines == [header(), message(1), message(2)[:-1], header(OTHER_SESSION)]
    assert heads(log)[1:] == [("ARCHIVED", "RESET", 3)]
    assert log.of_kind("TRANSCRIPT_HEAD")[-1]["occurred_at"] == RESET_AT
    (reset,) = log.of_kind("LIFECYCLE")
    assert reset["payload"]
    assert reset["payload"]["lifecycle"] == {
        "action": "reset",
        "at": RESET_AT,
        "provenance": "OBSERVED",
    }
    assert set(log.checkpoints) == {path, put_away}


async def test_a_rename_while_nobody_looked_is_recognised_by_content(path: Path, tmp_path: Path) -> None:
    log = Log()
    write(path, header() + message(1))
    await log.reader(tmp_path).read_all(final=False)
    rename(path, RESET_SUFFIX)
    write(path, header() + message(5))
    log.events.clear()
    await log.reader(tmp_path).read_all(final=False)
    assert log.lines == [header(), message(5)]
    assert heads(log) == [("ARCHIVED", "RESET", 2), ("IMPORTED", "LIVE", 2)]


async def test_a_session_that_takes_over_a_file_keeps_to_itself(path: Path, tmp_path: Path) -> None:
    log = Log()
    reader = log.reader(tmp_path)
    write(path, header() + message(1))
    await reader.read_all(final=False)
    write(path, header(OTHER_SESSION))
    await reader.read_changed([path])
    assert log.of_kind("TRANSCRIPT_HEAD")[-1]["session_id"] == SESSION
    assert log.of_kind("SESSION")[-1]["session_id"] == OTHER_SESSION


async def test_damaged_lines_are_kept_as_they_are(path: Path, tmp_path: Path) -> None:
    log = Log()
    damaged = b"\n" + b"{broken\n" + b"\xff\xfe\r\n" + message(1)
    write(path, damaged)
    reader = log.sources(tmp_path)
    await reader.read_all(final=True)
    assert b"".join(log.lines) == damaged
    assert reader.counts.unparsed == 3
    assert heads(log) == [("IMPORTED", "LIVE", 4)]


async def test_an_empty_file_is_read_once_it_is_written(path: Path, tmp_path: Path) -> None:
    log = Log()
    reader = log.reader(tmp_path)
    write(path, b"")
    await reader.read_all(final=False)
    assert (log.events, reader.counts.skipped) == ([], {path: "empty"})
    write(path, header() + message(1))
    await reader.read_changed([path])
    assert log.lines == [header(), message(1)]


async def test_a_copy_elsewhere_gives_the_same_events(path: Path, tmp_path: Path) -> None:
    log, copied = Log(), Log()
    write(path, header() + message(1) + line(type="future", id="1") + b"{torn")
    await log.reader(tmp_path).read_all(final=True)
    elsewhere = tmp_path / "elsewhere" / "copy" / path.name
    write(elsewhere, content(path))
    await copied.reader(elsewhere.parent).read_all(final=True)
    assert [event["event_id"] for event in log.events] == [event["event_id"] for event in copied.events]
