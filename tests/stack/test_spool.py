"""The spool, with real servers that stop and come back."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from infra.bucket import create_bucket
from infra.stack.stack import NativeStack
from infra.topics import create_topics, register_schemas
from producers.emitter import SessionEmitter
from producers.left_behind import send_left_behind
from producers.spool.folders import spool_root, spool_size
from producers.transcript import Transcript, TranscriptSource
from schemas.records import SessionEvent
from sessiontrack.settings import Settings
from tests.stack.gate import Gate
from tests.stack.reading import environment, event_log
from tests.stack.waiting import PATIENCE_S, until
from tests.unit.producers.clawdbot.writing import message


@pytest.fixture
def settings(stack_settings: Settings, tmp_path: Path) -> Settings:
    """The stack's servers, and a spool of the test's own."""
    create_topics(stack_settings.kafka)
    register_schemas(stack_settings)
    create_bucket(stack_settings.s3)
    return stack_settings.model_copy(update={"data_dir": tmp_path})


@pytest.fixture
def gate(stack_settings: Settings) -> Iterator[Gate]:
    """The way to the object store."""
    host, _, port = stack_settings.s3.endpoint.partition(":")
    with Gate(host, int(port)) as gate:
        yield gate


@contextmanager
def broker_stopped(stack_settings: Settings) -> Iterator[None]:
    """The broker stands still: it takes connections, and answers nothing."""
    (pid,) = [server.pid for server in NativeStack(stack_settings).status() if server.name == "kafka"]
    assert pid
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


async def emptied(settings: Settings) -> None:
    async def is_empty() -> bool:
        return not spool_size(spool_root(settings.data_dir)).bytes

    await until(is_empty, "an empty spool")


def distinct_texts(events: list[SessionEvent]) -> list[str | None]:
    """Entry ids in the order in which each came first."""
    return list(dict.fromkeys(event["entry_id"] for event in events))


def entry_ids(count: int) -> list[str]:
    return [f"{number:08x}" for number in range(count)]


async def test_events_of_an_outage_come_in_order_when_it_is_over(settings: Settings, stack_settings: Settings) -> None:
    session_id = str(uuid4())
    transcript = Transcript(TranscriptSource(session_id=session_id))
    events = [transcript.append(message(number), captured_at=0) for number in range(300)]
    async with event_log(settings) as log, SessionEmitter(settings) as emitter:
        for event in events[:100]:
            await emitter.emit(event)
        with broker_stopped(stack_settings):
            during = [await emitter.emit(event) for event in events[100:200]]
        behind = [await emitter.emit(event) for event in events[200:]]
        await emptied(settings)
        assert distinct_texts(await log.events({session_id})) == entry_ids(300)
    assert all(receipt.spooled for receipt in during)
    assert behind[0].spooled


async def test_nothing_is_lost_when_the_process_is_killed_in_an_outage(
    settings: Settings, stack_settings: Settings
) -> None:
    session_id = str(uuid4())
    async with event_log(settings) as log:
        accepted = []
        async with _emitting(settings, session_id, first=0) as process:
            accepted += await _said(process, 20)
            with broker_stopped(stack_settings):
                while not accepted[-1].endswith("spooled"):
                    accepted += await _said(process, 1)
                accepted += await _said(process, 20)
                process.kill()
                rest, _ = await process.communicate()
                accepted += rest.decode().splitlines()
        assert spool_size(spool_root(settings.data_dir)).bytes
        first = len(accepted)
        async with _emitting(settings, session_id, first=first) as process:
            await _said(process, 5)
            await emptied(settings)
            process.kill()
        ids = distinct_texts(await log.events({session_id}))
    assert ids[: first + 5] == entry_ids(first + 5)


async def test_large_lines_wait_for_the_object_store(settings: Settings, gate: Gate) -> None:
    session_id = str(uuid4())
    transcript = Transcript(TranscriptSource(session_id=session_id))
    large = transcript.append(message(0, "é" * settings.capture.claim_bytes), captured_at=0)
    small = transcript.append(message(1), captured_at=0)
    gate.shut()
    away = settings.s3.model_copy(update={"endpoint": f"127.0.0.1:{gate.port}"})
    async with (
        event_log(settings) as log,
        SessionEmitter(settings.model_copy(update={"s3": away})) as emitter,
    ):
        receipts = [await emitter.emit(event) for event in (large, small)]
        assert [receipt.spooled for receipt in receipts] == [True, True]
        assert await log.events({session_id}) == []
        gate.open()
        await emptied(settings)
        published = await log.events({session_id})
    assert distinct_texts(published) == entry_ids(2)
    assert published[0]["payload"]
    assert published[0]["payload"]["reference"]


async def test_a_capture_sends_what_a_program_left(settings: Settings, unused_tcp_port: int) -> None:
    session_id = str(uuid4())
    kafka = settings.kafka.model_copy(update={"bootstrap_servers": f"127.0.0.1:{unused_tcp_port}"})
    async with SessionEmitter(settings.model_copy(update={"kafka": kafka})) as emitter:
        assert (await emitter.transcript(session_id).append(message(0))).spooled
    async with event_log(settings) as log:
        courier = asyncio.create_task(send_left_behind(settings))
        try:
            await emptied(settings)
            assert distinct_texts(await log.events({session_id})) == entry_ids(1)
        finally:
            courier.cancel()
            await asyncio.wait([courier])


@asynccontextmanager
async def _emitting(settings: Settings, session_id: str, *, first: int) -> AsyncIterator[Process]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.stack.emitting", session_id, str(first), "0.01"),
        cwd=Path(__file__).parents[2],
        stdout=PIPE,
        env={**os.environ, **environment(settings), "SESSIONTRACK_DATA_DIR": str(settings.data_dir)},
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def _said(process: Process, count: int) -> list[str]:
    assert process.stdout
    lines: list[str] = []
    async with asyncio.timeout(PATIENCE_S):
        while len(lines) < count:
            line = (await process.stdout.readline()).decode()
            assert line, f"the program ended after {len(lines)} of {count} events"
            # Beside what it accepts it logs.
            if line.rstrip().endswith(("spooled", "published")):
                lines.append(line.strip())
    return lines
