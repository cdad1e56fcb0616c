from __future__ import annotations

import signal
import sqlite3
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest

from infra.topics import create_topics, register_schemas
from producers.clawdbot.capture import CaptureProgress, capture
from sessiontrack.errors import UsageError
from sessiontrack.settings import Settings
from tests.stack.capture_process import start
from tests.stack.reading import EventLog, event_log, last_generation
from tests.stack.waiting import ended, reaped, until
from tests.unit.producers.clawdbot.writing import header, message, write


@pytest.fixture(scope="module")
def stack(stack_settings: Settings) -> Settings:
    create_topics(stack_settings.kafka)
    register_schemas(stack_settings)
    return stack_settings


@pytest.fixture
def settings(stack: Settings, tmp_path: Path) -> Settings:
    return stack.model_copy(update={"data_dir": tmp_path / "data"})


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / ".clawdbot"


def transcripts(root: Path, number: int, lines: int) -> dict[str, Path]:
    """Writes so many transcripts; their paths by session."""
    paths = {}
    for _ in range(number):
        session_id = str(uuid4())
        path = paths[session_id] = root / "agents" / "main" / "sessions" / f"{session_id}.jsonl"
        write(path, header(session_id) + b"".join(message(each) for each in range(1, lines)))
    return paths


async def lines_of(log: EventLog, session_id: str, expected: int) -> None:
    """Waits until a session has so many lines in the log."""

    async def are_there() -> bool:
        return len([e for e in await log.events({session_id}) if e["line_number"] is not None]) >= expected

    await until(are_there, f"{expected} lines of a session in the log")


def checkpoints(settings: Settings) -> int:
    with closing(sqlite3.connect(settings.data_dir / "capture" / "checkpoints.sqlite")) as connection:
        return int(connection.execute("SELECT count(*) FROM checkpoints").fetchone()[0])


async def test_a_folder_is_imported_and_importing_it_again_gives_only_repeats(settings: Settings, root: Path) -> None:
    paths = transcripts(root, 10, 30)
    told: list[CaptureProgress] = []
    async with event_log(settings) as log:
        summary = await capture(settings, [root], once=True, on_progress=told.append)
        events = await log.events(paths)
        for session_id, path in paths.items():
            assert last_generation([e for e in events if e["session_id"] == session_id]) == path.read_bytes()
        elsewhere = settings.model_copy(update={"data_dir": settings.data_dir / "elsewhere"})
        await capture(elsewhere, [root], once=True)
        again = await log.events(paths)
    assert (summary.files, summary.sessions, summary.lines, summary.events) == (10, 10, 300, 310)
    assert (told[-1].files_done, told[-1].files_total) == (10, 10)
    assert len(again) == 2 * len(events)
    assert {event["event_id"] for event in again} == {event["event_id"] for event in events}


async def test_an_import_goes_on_from_its_checkpoints(settings: Settings, root: Path) -> None:
    (path,) = transcripts(root, 1, 10).values()
    await capture(settings, [root], once=True)
    assert (await capture(settings, [root], once=True)).events == 0
    write(path, message(11), append=True)
    assert (await capture(settings, [root], once=True)).lines == 1


async def test_following_sees_what_is_appended_and_ends_in_order(settings: Settings, root: Path) -> None:
    ((session_id, path),) = transcripts(root, 1, 2).items()
    async with event_log(settings) as log:
        with reaped(start(settings, root, "follow")) as process:
            await lines_of(log, session_id, 2)
            write(path, message(2), append=True)
            await lines_of(log, session_id, 3)
            ((late, _),) = transcripts(root.parent / ".clawdbot" / "agents" / "late", 1, 5).items()
            await lines_of(log, late, 5)
            process.send_signal(signal.SIGTERM)
            assert await ended(process) == 0
        assert (await capture(settings, [root], once=True)).lines == 0


async def test_a_kill_in_the_middle_of_an_import_loses_nothing(settings: Settings, root: Path) -> None:
    paths = transcripts(root, 100, 100)
    async with event_log(settings) as log:
        with reaped(start(settings, root, "until saved")) as process:
            assert await ended(process) == -signal.SIGKILL
        assert 0 < checkpoints(settings) < len(paths)
        summary = await capture(settings, [root], once=True)
        events = await log.events(paths)
    assert summary.files == len(paths)
    for session_id, path in paths.items():
        assert last_generation([e for e in events if e["session_id"] == session_id]) == path.read_bytes()


async def test_two_captures_do_not_share_a_data_folder(settings: Settings, root: Path) -> None:
    ((session_id, _),) = transcripts(root, 1, 2).items()
    async with event_log(settings) as log:
        with reaped(start(settings, root, "follow")) as process:
            await lines_of(log, session_id, 2)
            with pytest.raises(UsageError, match=str(process.pid)):
                await capture(settings, [root], once=True)
            process.send_signal(signal.SIGINT)
            assert await ended(process) == 0


async def test_a_folder_that_is_not_there_is_named(settings: Settings, root: Path) -> None:
    with pytest.raises(UsageError, match="clawdbot") as refusal:
        await capture(settings, [root], once=True)
    assert refusal.value.hint
