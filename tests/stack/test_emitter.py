from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from asyncio.subprocess import PIPE
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import pytest
from minio import Minio

from infra.bucket import create_bucket
from infra.topics import create_topics, register_schemas
from producers.emitter import SessionEmitter
from producers.transcript import Transcript, TranscriptSource
from schemas.records import SessionEvent
from sessiontrack.errors import TerminalError, UnavailableError, UsageError
from sessiontrack.settings import Settings
from tests.stack.reading import EventLog, environment, event_log, last_generation
from tests.stack.waiting import PATIENCE_S, until
from tests.unit.producers.clawdbot.writing import header, line, message

_EXAMPLE = Path(__file__).parents[2] / "examples" / "publish.py"


@pytest.fixture(scope="module")
def settings(stack_settings: Settings) -> Settings:
    create_topics(stack_settings.kafka)
    register_schemas(stack_settings)
    create_bucket(stack_settings.s3)
    return stack_settings


async def arrived(log: EventLog, session_id: str, count: int) -> list[SessionEvent]:
    """Waits for events: on a busy machine any may take the way through the spool, and large ones always do."""

    async def are_there() -> bool:
        return len(await log.events({session_id})) >= count

    await until(are_there, f"{count} events")
    return await log.events({session_id})


async def test_a_receipt_says_where_the_event_stands(settings: Settings) -> None:
    session_id = str(uuid4())
    transcript = Transcript(TranscriptSource(session_id=session_id))
    events = [transcript.append(raw, captured_at=0) for raw in (header(session_id), message(1))]
    async with event_log(settings) as log, SessionEmitter(settings, spool=False) as emitter:
        receipts = [await emitter.emit(event) for event in events]
        records = await log.records({session_id})
    assert [(receipt.partition, receipt.offset) for receipt in receipts] == [record[:2] for record in records]
    assert [receipt.event_id for receipt in receipts] == [event["event_id"] for event in events]
    assert [record[2] for record in records] == events


async def test_the_order_of_a_session_is_kept_with_many_in_flight(settings: Settings) -> None:
    session_id = str(uuid4())
    transcript = Transcript(TranscriptSource(session_id=session_id))
    small = settings.model_copy(update={"capture": settings.capture.model_copy(update={"buffer_events": 50})})
    async with event_log(settings) as log, SessionEmitter(small) as emitter:
        for number in range(1000):
            await emitter.send(transcript.append(message(number), captured_at=0))
        await emitter.flush()
        events = await arrived(log, session_id, 1000)
    assert [event["line_number"] for event in events] == list(range(1, 1001))


async def test_a_large_line_goes_to_the_object_store(settings: Settings) -> None:
    session_id = str(uuid4())
    raw = message(1, "é" * settings.capture.claim_bytes)
    event = Transcript(TranscriptSource(session_id=session_id)).append(raw, captured_at=0)
    async with event_log(settings) as log, SessionEmitter(settings) as emitter:
        await emitter.emit(event)
        (published,) = await arrived(log, session_id, 1)
    payload = published["payload"]
    assert payload
    assert payload["raw"] is None
    assert payload["truncated"]
    assert payload["reference"]
    assert payload["reference"]["sha256"] == sha256(raw).digest()
    client = Minio(
        settings.s3.endpoint,
        access_key=settings.s3.access_key,
        secret_key=settings.s3.secret_key.get_secret_value(),
        secure=False,
    )
    found = await asyncio.to_thread(client.get_object, settings.s3.bucket, payload["reference"]["key"])
    assert found.data == raw
    found.close()
    found.release_conn()


async def test_a_program_of_fifteen_lines_publishes_a_session(settings: Settings, tmp_path: Path) -> None:
    assert len([row for row in _EXAMPLE.read_text().splitlines() if row]) <= 15
    session_id = str(uuid4())
    transcript = header(session_id) + message(1) + b"\r\n" + line(type="label", text="\u2028")
    async with event_log(settings) as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(_EXAMPLE),
            session_id,
            stdin=PIPE,
            stdout=PIPE,
            env={**os.environ, **environment(settings), "SESSIONTRACK_DATA_DIR": str(tmp_path)},
        )
        try:
            async with asyncio.timeout(PATIENCE_S):
                said, _ = await process.communicate(transcript)
        finally:
            if process.returncode is None:
                process.kill()
                await process.communicate()
        assert process.returncode == 0
        assert b"offset=" in said
        # What it could not send in time waits in its spool.
        async with SessionEmitter(settings.model_copy(update={"data_dir": tmp_path})):
            events = await arrived(log, session_id, 4)
    assert last_generation(events) == transcript


def test_a_program_that_was_not_told_what_to_publish_says_how_it_is_used() -> None:
    done = subprocess.run([sys.executable, _EXAMPLE], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode
    assert "publish.py SESSION <TRANSCRIPT" in done.stderr
    assert "Traceback" not in done.stderr


async def test_what_can_not_be_published_is_said(settings: Settings) -> None:
    async with SessionEmitter(settings) as emitter:
        transcript = emitter.transcript(str(uuid4()))
        with pytest.raises(UsageError, match="line end"):
            await transcript.append(b"{}\n{}\n")
        await transcript.append(json.dumps({"type": "label"}))
        event = Transcript(TranscriptSource(session_id="\ud800")).append(message(1), captured_at=0)
        with pytest.raises(TerminalError, match="does not fit"):
            await emitter.emit(event)


async def test_a_registry_that_is_away_is_named_with_what_to_do(settings: Settings, unused_tcp_port: int) -> None:
    away = settings.registry.model_copy(update={"url": f"http://127.0.0.1:{unused_tcp_port}"})
    with pytest.raises(UnavailableError, match=str(unused_tcp_port)) as refusal:
        async with SessionEmitter(settings.model_copy(update={"registry": away}), spool=False):
            pass
    assert refusal.value.hint
