"""What is made of a traced event carries its trace; nothing else does, and nothing but that header differs."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import ConsumerRecord

from schemas.records import SessionEvent
from schemas.topics import EVENTS, MESSAGES, SESSIONS, TOOL_CALLS
from sessiontrack.settings import TracesSettings
from sessiontrack.traces.traces import Traces
from streams.batch_trace import batch_trace
from streams.encoding import encode_batch
from streams.publisher import Record
from streams.stages import EventStages
from tests.otlp_receiver import OtlpReceiver, receiving_traces
from tests.unit.streams.events import SESSION, call, reply, text, user
from tests.unit.streams.test_pipeline import CODEC

OTHER = "22222222-1111-4111-8111-111111111111"
TRACE_ID, SPAN_ID = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
GROUP = "sessiontrack.streams"


@pytest.fixture
def receiver() -> Iterator[OtlpReceiver]:
    with receiving_traces() as running:
        yield running


@pytest.fixture
def traces(receiver: OtlpReceiver) -> Iterator[Traces]:
    traces = Traces(TracesSettings(endpoint=receiver.url), "streams")
    yield traces
    traces.close()


def read(offset: int, event: SessionEvent, *, traced: bool) -> ConsumerRecord[Any, Any]:
    header = [("traceparent", f"00-{TRACE_ID}-{SPAN_ID}-01".encode())] if traced else []
    found: Any = SimpleNamespace(
        topic=EVENTS.name,
        partition=3,
        offset=offset,
        headers=(("ce_subject", event["session_id"].encode()), *header),
    )
    return found


def traced(records: list[Record]) -> list[str]:
    """Trace and span ids that records carry, empty where they carry none."""
    return [dict(record.headers).get("traceparent", b"").decode()[3:-3] for record in records]


async def test_only_what_is_made_of_a_traced_event_carries_its_trace(receiver: OtlpReceiver, traces: Traces) -> None:
    events = [user("1"), reply("2", 1_000, text("done"), call("c", "exec")), user("3"), user("4", session_id=OTHER)]
    records = [read(offset, event, traced=offset == 1) for offset, event in enumerate(events)]
    trace = batch_trace(traces, records, GROUP, {})
    assert trace is not None

    placed = list(enumerate(events))
    made = await encode_batch({}, placed, EventStages(CODEC), trace=trace)
    plain = await encode_batch({}, placed, EventStages(CODEC))
    trace.end([])
    traces.close()

    [span] = receiver.spans
    assert (span.trace_id, span.parent_id) == (TRACE_ID, SPAN_ID)
    header = f"{TRACE_ID}-{span.span_id}"
    assert traced(made.records[MESSAGES.name]) == ["", header, "", ""]
    assert traced(made.records[TOOL_CALLS.name]) == [header]
    assert traced(made.records[SESSIONS.name]) == [header, ""]
    for topic, records_made in made.records.items():
        for with_trace, without in zip(records_made, plain.records[topic], strict=True):
            assert with_trace[:2] == without[:2]
            assert [each for each in with_trace.headers if each[0] != "traceparent"] == without.headers
    assert (made.writes, made.deletes) == (plain.writes, plain.deletes)


async def test_a_record_that_is_set_aside_fails_in_its_trace(receiver: OtlpReceiver, traces: Traces) -> None:
    trace = batch_trace(traces, [read(offset, user("1"), traced=True) for offset in (0, 1)], GROUP, {})
    assert trace is not None
    trace.end([(1, ValueError("it quotes a text")), (2, ValueError())])
    traces.close()
    assert {span.attributes["messaging.kafka.offset"]: span.failed for span in receiver.spans} == {0: False, 1: True}
    assert "quotes" not in repr(receiver.spans)


def test_a_batch_without_a_traced_record_has_no_trace(traces: Traces) -> None:
    records = [read(0, user("1", session_id=SESSION), traced=False)]
    assert batch_trace(traces, records, GROUP, {}) is None
    assert batch_trace(None, [read(0, user("1"), traced=True)], GROUP, {}) is None
