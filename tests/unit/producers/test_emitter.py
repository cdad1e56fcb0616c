from __future__ import annotations

from pathlib import Path

import pytest

from producers.cloudevents import headers_of
from producers.emitter import SessionEmitter
from producers.spool.folders import spool_root, spool_size
from producers.transcript import Transcript, TranscriptSource
from sessiontrack.errors import UnavailableError
from sessiontrack.settings import Settings
from tests.unit.producers.clawdbot.writing import message


def test_the_headers_are_those_of_cloudevents() -> None:
    event = Transcript(TranscriptSource(session_id="s")).append(message(1), captured_at=0)
    assert dict(headers_of(event)) == {
        "ce_specversion": b"1.0",
        "ce_id": event["event_id"].encode(),
        "ce_source": b"sessiontrack/clawdbot",
        "ce_type": b"sessiontrack.message",
        "ce_time": b"2026-11-22T00:51:18.000+00:00",
        "ce_subject": b"s",
        "content-type": b"application/avro",
    }


async def test_without_a_spool_a_broker_that_is_away_is_named_with_what_to_do(unused_tcp_port: int) -> None:
    settings = Settings.model_validate({"kafka": {"bootstrap_servers": f"127.0.0.1:{unused_tcp_port}"}})
    with pytest.raises(UnavailableError, match=str(unused_tcp_port)) as refusal:
        async with SessionEmitter(settings, spool=False):
            pass
    assert refusal.value.hint
    assert "sessiontrack up" in refusal.value.hint


async def test_with_a_spool_events_of_one_process_wait_for_the_next(unused_tcp_port: int, tmp_path: Path) -> None:
    settings = Settings.model_validate(
        {"data_dir": tmp_path, "kafka": {"bootstrap_servers": f"127.0.0.1:{unused_tcp_port}"}}
    )
    for number in range(2):
        async with SessionEmitter(settings) as emitter:
            receipt = await emitter.transcript(f"session-{number}").append(message(1))
            assert receipt.spooled
    assert spool_size(spool_root(tmp_path)).bytes > 2 * len(message(1))
