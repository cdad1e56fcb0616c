from __future__ import annotations

from collections.abc import Iterator

import pytest
from aiokafka import ConsumerRecord

from consumers.reader import Polled, Position
from consumers.sink import Partition, Received
from consumers.sink_trace import SinkTrace
from schemas.topics import MESSAGES
from sessiontrack.settings import TracesSettings
from sessiontrack.traces.traces import Traces
from tests.otlp_receiver import OtlpReceiver, receiving_traces

PLACE = Partition(MESSAGES.name, 3)
HEADERS = (("traceparent", b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),)


@pytest.fixture
def receiver() -> Iterator[OtlpReceiver]:
    with receiving_traces() as running:
        yield running


@pytest.fixture
def traces(receiver: OtlpReceiver) -> Iterator[Traces]:
    traces = Traces(TracesSettings(endpoint=receiver.url), "archive")
    yield traces
    traces.close()


@pytest.fixture
def trace(traces: Traces) -> SinkTrace:
    return SinkTrace(traces, "archive", "sessiontrack.archive")


def polled(assignment: int, *offsets: int) -> Polled:
    """Records of which every second one is traced."""
    return Polled(
        assignment,
        [
            ConsumerRecord(*PLACE, offset, 1, 0, b"k", b"v", None, 1, 1, HEADERS if offset % 2 else ())
            for offset in offsets
        ],
    )


def committed(offset: int) -> dict[Partition, Position]:
    return {PLACE: Position(offset, 100)}


def offsets(receiver: OtlpReceiver, name: str) -> list[int]:
    return [span.attributes["messaging.kafka.offset"] for span in receiver.spans if span.name == name]


def test_a_record_is_in_work_until_the_store_has_it_for_good(
    receiver: OtlpReceiver, traces: Traces, trace: SinkTrace
) -> None:
    taken = trace.take(polled(1, 0, 1, 2, 3, 4, 5), {})
    assert [traced.offset for traced in taken] == [1, 3, 5]
    trace.wrote(taken, began_ns=1, records=6)
    trace.settle(committed(4))
    traces.close()
    assert offsets(receiver, f"process {MESSAGES.name}") == [1, 3]
    assert [span.attributes["db.operation.batch.size"] for span in receiver.spans if span.kind == "CLIENT"] == [6] * 3


def test_what_another_assignment_reads_again_is_traced_there(
    receiver: OtlpReceiver, traces: Traces, trace: SinkTrace
) -> None:
    trace.take(polled(1, 1, 3), {})
    trace.take(polled(2, 3), {})
    trace.settle(committed(100))
    traces.close()
    assert offsets(receiver, f"process {MESSAGES.name}") == [3]


def test_a_dead_letter_is_an_error_of_its_record_alone(
    receiver: OtlpReceiver, traces: Traces, trace: SinkTrace
) -> None:
    trace.take(polled(1, 1, 3), {})
    trace.refused(Received(PLACE, 3, 1, b"k", b"v", HEADERS), ValueError("it quotes a text"))
    trace.settle(committed(4))
    traces.close()
    assert {span.attributes["messaging.kafka.offset"]: span.failed for span in receiver.spans} == {1: False, 3: True}


def test_what_is_read_once_more_to_go_on_from_is_not_traced_again(
    receiver: OtlpReceiver, traces: Traces, trace: SinkTrace
) -> None:
    taken = trace.take(polled(1, 1, 3, 5, 7), committed(5))
    assert [traced.offset for traced in taken] == [5, 7]
    trace.settle(committed(8))
    traces.close()
    assert offsets(receiver, f"process {MESSAGES.name}") == [5, 7]
