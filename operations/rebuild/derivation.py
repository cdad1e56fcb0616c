"""What a chunk of events is to a store: the records that the stages publish of it, and the events themselves. Pure."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass, field
from typing import Any

from consumers.sink import Partition, Received
from operations.rebuild.state import RecordId
from schemas.topics import EVENTS, Topic
from streams.batch import Placed, State, process_batch


@dataclass(slots=True)
class Derivation:
    """What a chunk comes to.

    Attributes:
        records: The last record of each id, as a sink receives it; its `projection` is the record itself.
        writes: To the stages' state, once the store has the records.
    """

    records: dict[RecordId, Received] = field(default_factory=dict)
    writes: dict[bytes, bytes] = field(default_factory=dict)


def derive_chunk(state: State, partition: int, events: Sequence[Placed], topics: Container[Topic]) -> Derivation:
    """Runs the stages over a chunk.

    Args:
        state: As the chunks before left it.
        partition: Where the events were read.
        events: With their positions.
        topics: Whose records the store takes.
    """
    derivation = Derivation()

    def add(topic: Topic, key: str, record: Any, position: int) -> None:
        received = Received(Partition(topic.name, partition), position, 0, key.encode(), b"", (), record)
        derivation.records[RecordId(topic.name, key)] = received

    if EVENTS in topics:
        # The first capture of an event wins: so the last to be set here is the first of the chunk.
        for position, event in reversed(events):
            add(EVENTS, event["event_id"], event, position)
    changes = process_batch(state, events)
    for output in changes.outputs:
        if output.topic in topics:
            add(output.topic, output.key, output.record, output.position)
    derivation.writes = changes.writes
    return derivation
