"""Following folders with the system's own notifications, and without them."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from producers.clawdbot import follow, housekeeping
from producers.clawdbot.reader import Reader
from tests.unit.producers.clawdbot.writing import SESSION, Log, header, message, write


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / ".clawdbot"


@pytest.fixture
def path(root: Path) -> Path:
    path = root / "agents" / "main" / "sessions" / f"{SESSION}.jsonl"
    write(path, header())
    return path


@asynccontextmanager
async def following(log: Log, root: Path) -> AsyncIterator[None]:
    """Follows a folder, of which all there was has been read."""
    reader, stop = log.reader(root), asyncio.Event()
    await reader.read_all(final=False)
    task = asyncio.create_task(follow.follow(reader, [root], stop, lambda: None))
    try:
        yield
    finally:
        stop.set()
        await task


async def lines(log: Log, expected: list[bytes]) -> None:
    async with asyncio.timeout(60):
        while log.lines != expected:  # noqa: ASYNC110  # the log is a list
            await asyncio.sleep(0.005)


async def test_a_folder_that_vanishes_is_watched_again_when_it_is_back(root: Path, path: Path) -> None:
    log = Log()
    async with following(log, root):
        write(path, message(1), append=True)
        await lines(log, [header(), message(1)])
        shutil.rmtree(root)
        write(path, header() + message(2))
        await lines(log, [header(), message(1), header(), message(2)])
        write(path, message(3), append=True)
        await lines(log, [header(), message(1), header(), message(2), message(3)])


async def test_a_folder_that_is_not_there_yet_is_watched_once_it_is(root: Path) -> None:
    log = Log()
    async with following(log, root):
        path = root / "agents" / "main" / "sessions" / f"{SESSION}.jsonl"
        write(path, header())
        await lines(log, [header()])
        write(path, message(1), append=True)
        await lines(log, [header(), message(1)])


@pytest.mark.parametrize("error", [OSError("OS file watch limit reached"), RuntimeError("Too many open files")])
async def test_where_the_system_refuses_to_watch_it_looks_around(
    root: Path, path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    async def refused(*paths: Path, **options: object) -> AsyncIterator[set[tuple[int, str]]]:
        yield set()
        raise error

    monkeypatch.setattr(follow, "awatch", refused)
    monkeypatch.setattr(follow, "_POLL_S", 0.01)
    monkeypatch.setattr(follow, "_TICK_MS", 5)
    log = Log()
    with capture_logs() as logs:
        async with following(log, root):
            write(path, message(1), append=True)
            await lines(log, [header(), message(1)])
            write(path, message(2), append=True)
            await lines(log, [header(), message(1), message(2)])
    (told,) = logs
    assert told["reason"] == str(error)
    assert "sysctl" in told["hint"]


async def test_what_changes_is_read_while_it_looks_around(
    root: Path, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = asyncio.Event()

    async def endless(reader: Reader) -> AsyncGenerator[None, None]:
        yield
        while True:
            watched.set()
            yield

    monkeypatch.setattr(Reader, "look_around", endless)
    monkeypatch.setattr(housekeeping, "_SLICE_S", 0.0)
    log = Log()
    async with following(log, root):
        await watched.wait()
        write(path, message(1), append=True)
        await lines(log, [header(), message(1)])


async def test_it_looks_around_however_much_changes(root: Path, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def busy(*paths: Path, stop_event: asyncio.Event, **options: object) -> AsyncIterator[set[tuple[int, str]]]:
        while not stop_event.is_set():
            yield {(1, str(root / "other"))}

    monkeypatch.setattr(follow, "awatch", busy)
    monkeypatch.setattr(housekeeping, "_SLICE_S", 0.0)
    log = Log()
    async with following(log, root):
        write(path, message(1), append=True)
        await lines(log, [header(), message(1)])
