"""All transcripts of a folder, with what `sessions.json` says of them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.unit.producers.clawdbot.writing import OTHER_SESSION, SESSION, Log, header, look_around, message, write

_KEY = "agent:main:telegram:dm:42"


@pytest.fixture
def sessions(tmp_path: Path) -> Path:
    return tmp_path / ".openclaw" / "agents" / "main" / "sessions"


def write_store(sessions: Path, **session_of_key: str) -> Path:
    entries = {key: {"sessionId": session_id, "updatedAt": 1} for key, session_id in session_of_key.items()}
    path = sessions / "sessions.json"
    write(path, json.dumps(entries).encode())
    return path


async def test_facts_come_before_the_lines_and_only_for_transcripts_that_are_there(sessions: Path) -> None:
    log = Log()
    write_store(sessions, **{_KEY: SESSION, "agent:main:main": OTHER_SESSION})
    write(sessions / f"{SESSION}.jsonl", header())
    await log.reader(sessions).read_all(final=True)
    assert [event["kind"] for event in log.events] == ["CONTEXT", "SESSION", "TRANSCRIPT_HEAD"]
    context = log.events[0]["payload"] and log.events[0]["payload"]["context"]
    assert context
    assert (context["session_key"], context["channel"], context["provenance"]) == (_KEY, "telegram", "INFERRED")


async def test_a_file_that_was_begun_anew_has_the_facts_of_its_name(sessions: Path) -> None:
    log = Log()
    write_store(sessions, **{_KEY: SESSION})
    write(sessions / f"{SESSION}.jsonl", header(OTHER_SESSION))
    await log.reader(sessions).read_all(final=True)
    (context,) = log.of_kind("CONTEXT")
    assert context["session_id"] == OTHER_SESSION
    assert context["payload"]
    assert context["payload"]["context"]
    assert context["payload"]["context"]["session_key"] == _KEY


async def test_a_session_whose_facts_stay_is_not_looked_at_again(sessions: Path) -> None:
    log = Log()
    store = write_store(sessions, **{_KEY: SESSION})
    path = sessions / f"{SESSION}.jsonl"
    write(path, header())
    reader = log.reader(sessions)
    await reader.read_all(final=False)
    write_store(sessions, **{_KEY: SESSION, "agent:main:main": OTHER_SESSION})
    write(path, message(1), append=True)
    await reader.read_changed([store, path])
    assert len(log.of_kind("CONTEXT")) == 1
    assert log.lines == [header(), message(1)]


async def test_a_move_of_a_key_is_seen_though_the_new_transcript_is_read_first(sessions: Path) -> None:
    log = Log()
    write(sessions / f"{SESSION}.jsonl", header())
    write_store(sessions, **{_KEY: SESSION})
    reader = log.reader(sessions)
    await reader.read_all(final=False)
    write_store(sessions, **{_KEY: OTHER_SESSION})
    new = sessions / f"{OTHER_SESSION}.jsonl"
    write(new, header(OTHER_SESSION))
    await reader.read_changed([new])
    assert [event["session_id"] for event in log.of_kind("LIFECYCLE")] == [SESSION]


async def test_facts_are_sent_again_only_when_they_change(sessions: Path) -> None:
    log = Log()
    store = write_store(sessions, **{_KEY: SESSION})
    write(sessions / f"{SESSION}.jsonl", header())
    await log.reader(sessions).read_all(final=True)
    reader = log.reader(sessions)
    await reader.read_all(final=True)
    write_store(sessions, **{_KEY: SESSION, "agent:main:discord:channel:1": OTHER_SESSION})
    await reader.read_changed([store])
    assert len(log.of_kind("CONTEXT")) == 1
    write_store(sessions, **{"agent:main:whatsapp:dm:1": SESSION})
    await reader.read_changed([store])
    assert len(log.of_kind("CONTEXT")) == 2


async def test_a_key_that_moves_to_a_new_session_resets_the_old_one(sessions: Path) -> None:
    log = Log()
    write(sessions / f"{SESSION}.jsonl", header())
    store = write_store(sessions, **{_KEY: SESSION})
    reader = log.reader(sessions)
    await reader.read_all(final=False)
    write_store(sessions, **{_KEY: OTHER_SESSION})
    os.utime(store, ns=(0, 1_795_309_060_587_000_000))
    await reader.read_changed([store])
    (reset,) = log.of_kind("LIFECYCLE")
    assert reset["session_id"] == SESSION
    assert reset["payload"]
    assert reset["payload"]["lifecycle"] == {"action": "reset", "at": 1_795_309_060_587, "provenance": "INFERRED"}


async def test_broken_facts_hold_nothing_up(sessions: Path) -> None:
    log = Log()
    write(sessions / "sessions.json", b"{broken")
    write(sessions / f"{SESSION}.jsonl", header())
    await log.reader(sessions).read_all(final=True)
    assert log.lines == [header()]


async def test_the_agent_of_a_flat_folder_is_known_by_its_key(tmp_path: Path) -> None:
    log = Log()
    write_store(tmp_path, **{"agent:cook:main": SESSION})
    write(tmp_path / f"{SESSION}.jsonl", header())
    await log.reader(tmp_path).read_all(final=True)
    assert {event["agent_id"] for event in log.events} == {"cook"}


async def test_what_can_not_be_read_is_counted_and_the_rest_goes_on(sessions: Path) -> None:
    log = Log()
    write(sessions / f"{SESSION}.jsonl", header())
    (sessions / f"{OTHER_SESSION}.jsonl").mkdir()
    (sessions / "broken.jsonl").symlink_to("/proc/self/mem")
    reader = log.reader(sessions)
    await reader.read_all(final=True)
    assert log.lines == [header()]
    assert reader.counts.skipped == {sessions / "broken.jsonl": "unreadable"}


async def test_a_folder_that_appears_is_read(sessions: Path, tmp_path: Path) -> None:
    log = Log()
    reader = log.reader(tmp_path)
    await reader.read_all(final=False)
    write(sessions / f"{SESSION}.jsonl", header() + message(1))
    await reader.read_changed([tmp_path / ".openclaw"])
    assert log.lines == [header(), message(1)]


async def test_looking_around_finds_what_nobody_told_of(sessions: Path, tmp_path: Path) -> None:
    log = Log()
    reader = log.reader(tmp_path)
    path = sessions / f"{SESSION}.jsonl"
    write(path, header())
    await reader.read_all(final=False)
    write(path, message(1), append=True)
    write(sessions / f"{OTHER_SESSION}.jsonl", header(OTHER_SESSION))
    await look_around(reader)
    assert log.lines == [header(), message(1), header(OTHER_SESSION)]
