from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON

from schemas.records import SessionEvent
from schemas.topics import EVENTS, MESSAGES
from sessiontrack.settings import TracesSettings
from sessiontrack.traces import gen_ai, messaging
from sessiontrack.traces.export import SeldomFilter
from sessiontrack.traces.traces import Traces
from tests.otlp_receiver import OtlpReceiver, ReceivedSpan, receiving_traces
from tests.unit.streams.events import SESSION, event, message, text, user

SECRET = "my bank's pin is 4711"


@pytest.fixture
def receiver() -> Iterator[OtlpReceiver]:
    with receiving_traces() as running:
        yield running


def traces_to(receiver: OtlpReceiver, ratio: float = 1.0, service: str = "test") -> Traces:
    return Traces(TracesSettings(endpoint=receiver.url, ratio=ratio), service)


def acknowledged(offset: int) -> asyncio.Future[Any]:
    done: asyncio.Future[Any] = asyncio.Future()
    done.set_result(SimpleNamespace(offset=offset))
    return done


def record(topic: str, *headers: tuple[str, bytes]) -> Any:
    return SimpleNamespace(topic=topic, partition=3, offset=7, headers=headers)


def answer() -> SessionEvent:
    usage = {"input": 10, "output": 5, "cache_read": 100, "cache_write": 1, "total": 116, "cost_nanousd": 9}
    body = message("assistant", text(SECRET), provider="anthropic", model="opus", stop_reason="stop", usage=usage)
    return event("MESSAGE", "1", message=body)


def sampled_share(traces: Traces, events: int) -> float:
    return sum(traces.publish(user("1"), EVENTS.name, 3) is not None for _ in range(events)) / events


async def test_a_trace_leads_from_the_line_to_the_store(receiver: OtlpReceiver) -> None:
    producer, streams, sink = (traces_to(receiver, service=name) for name in ("producers", "streams", "opensearch"))
    publishing = producer.publish(answer(), EVENTS.name, 3)
    assert publishing is not None
    publishing.settle(acknowledged(7))
    stage = streams.process(record(EVENTS.name, ("ce_id", b"1"), publishing.header), "sessiontrack.streams")
    assert stage is not None
    stored = sink.process(record(MESSAGES.name, stage.header), "sessiontrack.opensearch")
    assert stored is not None
    sink.wrote(stored, "opensearch", began_ns=1_000_000, records=20)
    for span in (stage, stored):
        span.end()
    for traces in (producer, streams, sink):
        traces.close()

    assert len({span.trace_id for span in receiver.spans}) == 1
    by_name = {span.name: span for span in receiver.spans}
    chain = ["capture", "send sessiontrack.events.v1", "process sessiontrack.events.v1"]
    chain += ["process sessiontrack.messages.v1", "write opensearch"]
    assert list(by_name) == sorted(chain, key=list(by_name).index)
    assert [by_name[name].parent_id for name in chain] == ["", *(by_name[name].span_id for name in chain[:-1])]
    assert [by_name[name].kind for name in chain] == ["INTERNAL", "PRODUCER", "CONSUMER", "CONSUMER", "CLIENT"]
    assert by_name["write opensearch"].service == "sessiontrack-opensearch"
    assert by_name["send sessiontrack.events.v1"].attributes["messaging.kafka.offset"] == 7
    assert by_name["write opensearch"].attributes["db.operation.batch.size"] == 20


async def test_a_span_says_what_the_conventions_name_and_nothing_that_was_said(receiver: OtlpReceiver) -> None:
    traces = traces_to(receiver)
    publishing = traces.publish(answer(), EVENTS.name, 3)
    assert publishing is not None
    publishing.settle(acknowledged(7))
    sender = {"id": "4711", "name": "Ada Lovelace", "channel": "telegram", "provenance": "OBSERVED"}
    spoken = traces.publish(user("2", value=SECRET, sender=sender), EVENTS.name, 3)
    assert spoken is not None
    spoken.fail(RuntimeError(SECRET))
    traces.close()

    first = next(span for span in receiver.spans if span.name == "capture" and not span.failed)
    assert first.attributes == {
        "gen_ai.operation.name": "chat",
        "gen_ai.conversation.id": SESSION,
        "gen_ai.agent.id": "main",
        "gen_ai.provider.name": "anthropic",
        "gen_ai.response.model": "opus",
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.usage.input_tokens": 111,
        "gen_ai.usage.output_tokens": 5,
    }
    refused = [span for span in receiver.spans if span.failed]
    assert {span.attributes["error.type"] for span in refused} == {"RuntimeError"}
    assert len(refused) == 2
    told = repr(receiver.spans)
    assert SECRET not in told
    assert "Ada" not in told


def test_what_is_embedded_says_by_which_model() -> None:
    assert gen_ai.embedding("gemini", "gemini-embedding-001@768") == {
        "gen_ai.operation.name": "embeddings",
        "gen_ai.provider.name": "gcp.gemini",
        "gen_ai.request.model": "gemini-embedding-001",
        "gen_ai.embeddings.dimension.count": 768,
    }


@pytest.mark.parametrize(
    ("provider", "name"),
    [
        ("anthropic", "anthropic"),
        ("google", "gcp.gemini"),
        ("amazon-bedrock", "aws.bedrock"),
        ("xai", "x_ai"),
        ("mistral", "mistral_ai"),
    ],
)
def test_a_provider_has_the_name_of_the_conventions_in_each_span(provider: str, name: str) -> None:
    said = event("MESSAGE", "1", message=message("assistant", provider=provider))
    told = {
        attributes[gen_ai.PROVIDER_NAME]
        for attributes in (gen_ai.attributes_of(said), gen_ai.embedding(provider, "model@768"))
    }
    assert told == {name}


def test_one_record_alone_is_no_batch() -> None:
    assert messaging.DB_OPERATION_BATCH_SIZE not in messaging.writing("postgres", 1)


def test_a_share_of_the_events_begins_a_trace(receiver: OtlpReceiver) -> None:
    random.seed(7)
    shares = {}
    for ratio in (0.0, 0.25, 1.0):
        traces = traces_to(receiver, ratio)
        shares[ratio] = sampled_share(traces, 2_000)
        traces.close()
    assert shares[0.0] == 0
    assert 0.2 < shares[0.25] < 0.3
    assert shares[1.0] == 1


@pytest.mark.parametrize("sampled", [True, False])
def test_a_program_that_traces_by_itself_decides(sampled: bool, receiver: OtlpReceiver) -> None:
    traces = traces_to(receiver, ratio=0.0 if sampled else 1.0)
    program = TracerProvider(sampler=ALWAYS_ON if sampled else ALWAYS_OFF).get_tracer("a program")
    with program.start_as_current_span("a turn") as turn:
        publishing = traces.publish(user("1"), EVENTS.name, 3)
        assert (publishing is not None) == sampled
    if publishing:
        publishing.end()
    traces.close()
    found: list[ReceivedSpan] = receiver.trace(f"{turn.get_span_context().trace_id:032x}")
    assert [span.name for span in found] == (["send sessiontrack.events.v1", "capture"] if sampled else [])


def test_what_is_no_trace_is_not_followed(receiver: OtlpReceiver) -> None:
    traces = traces_to(receiver)
    for value in (b"00-" + b"0" * 32 + b"-00f067aa0ba902b7-01", b"\xff" * 55, b"1" * 60):
        assert traces.process(record(EVENTS.name, ("traceparent", value)), "group") is None
    traces.close()


def test_a_collector_that_is_away_is_told_of_now_and_then() -> None:
    seldom, failed = SeldomFilter(), logging.makeLogRecord({"msg": "can't export"})
    told = []
    for second in range(0, 700, 10):
        failed.created = 1e9 + second
        told += [second] if seldom.filter(failed) else []
    assert told == [0, 300, 600]


def test_a_collector_that_hangs_holds_up_no_end(receiver: OtlpReceiver) -> None:
    receiver.hangs = True
    traces = traces_to(receiver)
    publishing = traces.publish(user("1"), EVENTS.name, 3)
    assert publishing is not None
    publishing.end()
    traces.close()
    assert not receiver.ended.is_set()
