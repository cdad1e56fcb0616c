from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.archive.layout import Log, SegmentKey
from operations.rebuild import event_source
from operations.rebuild.cursor import Cursor, name_of
from operations.rebuild.event_source import EventSource, oldest_first
from operations.rebuild.source import Chunk
from queries.archive import Segment
from schemas.avro import load_schema
from schemas.codec import Encoder
from schemas.registry import SchemaRegistry
from schemas.topics import EVENTS
from sessiontrack.settings import Settings
from tests.unit.streams.events import event

OLD, NEW = (Log("cluster", log_id, EVENTS.name) for log_id in ("z", "a"))
SCHEMA_ID = 7
ENCODE = Encoder(EVENTS.schema, SCHEMA_ID).encode


def value(log: Log, offset: int) -> bytes:
    return ENCODE(event("UNPARSED", f"{log.log_id}-{offset}"))


class FakeArchive:
    """An archive whose segments hold every offset that their key says."""

    def events(self, segment: Segment) -> Iterator[tuple[Any, Any]]:
        for offset in range(segment.key.first, segment.key.last + 1):
            name = f"{segment.key.log.log_id}-{offset}"
            yield {"offset": offset, "value": b"12345678"}, event("UNPARSED", name)

    def records(self, segment: Segment) -> Iterator[Any]:
        yield {"timestamp": {OLD: 5, NEW: 9}[segment.key.log]}


def segments(log: Log, lengths: Sequence[int]) -> list[Segment]:
    found, first = [], 0
    for length in lengths:
        found.append(Segment(SegmentKey(log, 0, first, first + length - 1), has_records=True, has_manifest=True))
        first += length
    return found


async def read_all(source: EventSource, cursor: Cursor, end: int) -> list[Chunk]:
    return [chunk async for chunk in source.read(0, cursor, end)]


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(1, 6), max_size=3), st.lists(st.integers(1, 6), max_size=3), st.integers(0, 9), st.data())
async def test_reading_goes_on_at_any_cursor(old: list[int], new: list[int], beyond: int, data: st.DataObject) -> None:
    archived = segments(OLD, old) + segments(NEW, new)
    end = sum(new) + beyond
    wanted = [f"{log.log_id}-{at}" for log, count in ((OLD, sum(old)), (NEW, end)) for at in range(count)]
    with pytest.MonkeyPatch.context() as patch:

        async def read_partition(settings: Any, place: Any, begin: int, end: int) -> AsyncIterator[list[Any]]:
            if begin < end:
                yield [SimpleNamespace(offset=at, value=value(NEW, at)) for at in range(begin, end)]

        patch.setattr(event_source, "read_partition", read_partition)
        patch.setattr(event_source, "_CHUNK_EVENTS", data.draw(st.integers(1, 5)))
        patch.setattr(SchemaRegistry, "schema", lambda registry, schema_id: load_schema(EVENTS.schema))
        source = EventSource(Settings(), FakeArchive(), NEW, [OLD, NEW], {0: archived}, {0: 0})  # type: ignore[arg-type]

        whole = await read_all(source, Cursor(), end)
        assert source.left(0, Cursor(), end) == sum(chunk.records for chunk in whole) == len(wanted)
        read = data.draw(st.integers(0, len(whole)))
        cursor = whole[read - 1].cursor if read else Cursor()
        rest = await read_all(source, cursor, end)
        source.close()

    def placed(chunks: list[Chunk]) -> list[tuple[int, str]]:
        return [(position, made["entry_id"] or "") for chunk in chunks for position, made in chunk.events]

    ids = {event("UNPARSED", name)["event_id"]: name for name in wanted}
    assert [ids[made["event_id"]] for chunk in whole for _, made in chunk.events] == wanted
    assert [position for position, _ in placed(whole)] == list(range(len(wanted)))
    assert placed(whole[:read]) + placed(rest) == placed(whole)
    assert source.left(0, cursor, end) == sum(chunk.records for chunk in rest)


async def test_what_the_log_does_not_keep_is_told_from_what_it_does() -> None:
    archived = segments(OLD, [3, 2]) + segments(NEW, [4, 4, 4])
    source = EventSource(Settings(), FakeArchive(), NEW, [OLD, NEW], {0: archived}, {0: 5})  # type: ignore[arg-type]
    chunks = [chunk async for chunk in source.read_before_log(0)]
    source.close()

    placed = [(position, made["event_id"]) for chunk in chunks for position, made in chunk.events]
    # The second segment of the present log ends behind what it keeps: it is read whole.
    names = [*(f"{OLD.log_id}-{at}" for at in range(5)), *(f"{NEW.log_id}-{at}" for at in range(8))]
    assert placed == list(enumerate(event("UNPARSED", name)["event_id"] for name in names))
    assert source.left_before_log() == sum(chunk.records for chunk in chunks) == len(names)


def test_logs_are_ordered_by_their_first_record() -> None:
    found = segments(NEW, [3]) + segments(OLD, [3, 3])
    assert oldest_first(FakeArchive(), found, {NEW, OLD}) == [OLD, NEW]  # type: ignore[arg-type]


async def test_what_does_not_decode_is_passed_over() -> None:
    with pytest.MonkeyPatch.context() as patch:

        async def read_partition(*arguments: Any) -> AsyncIterator[list[Any]]:
            values = [b"torn", None, value(NEW, 2)]
            yield [SimpleNamespace(offset=at, value=content) for at, content in enumerate(values)]

        patch.setattr(event_source, "read_partition", read_partition)
        patch.setattr(SchemaRegistry, "schema", lambda registry, schema_id: load_schema(EVENTS.schema))
        source = EventSource(Settings(), FakeArchive(), NEW, [NEW], {}, {0: 0})  # type: ignore[arg-type]
        [chunk] = await read_all(source, Cursor(), 3)
        source.close()
    assert (len(chunk.events), chunk.records, chunk.cursor) == (1, 3, Cursor(name_of(NEW), 3, 1))
