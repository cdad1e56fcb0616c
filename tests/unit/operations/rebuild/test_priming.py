from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import pytest
from aiokafka import TopicPartition
from hypothesis import given, settings
from hypothesis import strategies as st

from operations.rebuild import priming
from operations.rebuild.cursor import Cursor
from operations.rebuild.event_source import EventSource
from operations.rebuild.priming import Priming
from operations.rebuild.progress import Meter
from operations.rebuild.source import Chunk
from operations.rebuild.state import RebuildState
from schemas.avro import load_schema
from schemas.codec import Decoder
from schemas.records import SessionEvent
from schemas.registry import SchemaRegistry
from schemas.topics import DERIVED, STREAMS_STATE
from sessiontrack.settings import Settings
from streams.batch import process_batch
from streams.derive import derive
from streams.publisher import Publisher, Record
from tests.unit.streams.events import logs

PARTITION = 3


class Archived:
    """Events that the log does not keep, in chunks."""

    def __init__(self, events: Sequence[SessionEvent], size: int) -> None:
        self._placed = list(enumerate(events))
        self._size = size

    async def read_before_log(self, partition: int) -> AsyncIterator[Chunk]:
        for first in range(0, len(self._placed) if partition == PARTITION else 0, self._size):
            events = self._placed[first : first + self._size]
            yield Chunk(events, Cursor("cluster/log", first + len(events), first + len(events)), len(events))


class Topics:
    """What was published, by topic; the last of each key."""

    def __init__(self) -> None:
        self.records: dict[str, dict[str, bytes]] = {}

    async def send(self, records: Mapping[TopicPartition, Sequence[Record]]) -> None:
        for place, sent in records.items():
            assert place.partition == PARTITION
            self.records.setdefault(place.topic, {}).update({key.decode(): value for key, value, _ in sent if value})

    def decoded(self) -> dict[str, dict[str, Any]]:
        schemas = {topic.name: topic.schema for topic in DERIVED}
        decoders = {name: Decoder(schema, partial(_schema, schema)) for name, schema in schemas.items()}
        return {
            topic: {key: decoders[topic].decode(value) for key, value in records.items()}
            for topic, records in self.records.items()
            if topic in decoders
        }


def _schema(name: str, schema_id: int) -> Any:
    return load_schema(name)


async def primed(events: Sequence[SessionEvent], size: int) -> Topics:
    topics = Topics()
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(Publisher, "send", lambda _, records: topics.send(records))
        patch.setattr(SchemaRegistry, "register", lambda *_: 1)
        patch.setattr(priming, "create_topics", lambda *_: None)
        state = RebuildState(Path(folder) / "state")
        source = cast(EventSource, Archived(events, size))
        made = Priming(Settings(), source, state, Meter(lambda progress: None, lambda: 0.0))
        assert await made.run() == 0
        await made.close()
        state.close()
    return topics


@settings(max_examples=30, deadline=None)
@given(logs(), st.integers(1, 9), st.data())
async def test_the_worker_goes_on_as_if_it_had_read_what_only_the_archive_has(
    log: list[SessionEvent], size: int, data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(log)))
    again = data.draw(st.integers(0, cut))

    topics = await primed(log[:cut], size)
    state = {key.encode(): value for key, value in topics.records.get(STREAMS_STATE.name, {}).items()}
    # The log begins with what was captured once more.
    worker = process_batch(state, enumerate(log[again:]))

    published = topics.decoded()
    for output in worker.outputs:
        published.setdefault(output.topic.name, {})[output.key] = output.record
    right = derive(log)
    names = [topic.name for topic in DERIVED]
    assert [published.get(name, {}) for name in names] == [right.sessions, right.messages, right.tool_calls]
