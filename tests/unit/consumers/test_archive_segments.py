"""The archive's segments: whatever is killed whenever, the same objects come out, and none is lost meanwhile."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.archive import segments
from consumers.archive.blocks import fold_record
from consumers.archive.container import read_records
from consumers.archive.entries import Entry, Identity
from consumers.archive.layout import Log, parse_key
from consumers.archive.manifest import decode_manifest, value_digest
from consumers.archive.placement import put_segment
from consumers.archive.segments import PartitionSegments, block_start
from consumers.sink import Partition
from queries.archive import longest
from sessiontrack.errors import SessionTrackError

LOG = Log("cluster", "log", "events")
PARTITION = Partition("events", 3)
SESSION = "11111111-2222-4333-8444-555555555555"
# Small, so that a few records are many blocks.
BLOCK, BLOCK_BYTES = 8, 40


@pytest.fixture(autouse=True, scope="module")
def _small_blocks() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(segments, "BLOCK_RECORDS", BLOCK)
        patch.setattr(segments, "SEGMENT_BYTES", BLOCK_BYTES)
        yield


class KilledError(Exception):
    """kill -9."""


class MemoryObjects:
    """An object store in memory; the process dies before its n-th change."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.changes_left = -1

    def keys(self, prefix: str) -> Sequence[str]:
        return [key for key in self.objects if key.startswith(prefix)]

    def put(self, key: str, content: bytes) -> None:
        self._change()
        self.objects[key] = content

    def delete(self, key: str) -> None:
        self._change()
        del self.objects[key]

    def _change(self) -> None:
        if self.changes_left == 0:
            raise KilledError
        self.changes_left -= 1

    def offsets(self) -> list[int]:
        """What a reader finds."""
        found = longest(self.objects)
        return [record["offset"] for segment in found for record in read_records(self.objects[segment.key.object])]


def entry(offset: int, size: int, identity: Identity = None) -> Entry:
    value = bytes([offset % 251]) * size
    record = fold_record(offset, offset, SESSION.encode(), value, (("h", b"v"),))
    return Entry(offset, size, None, identity, value_digest(value), record)


def event_id(offset: int) -> str:
    return f"00000000-0000-5000-8000-{offset:012x}"


@dataclass
class Worker:
    """One life of the archive's worker on a partition."""

    store: MemoryObjects
    log: Sequence[Entry]
    committed: int = 0

    def run(self, batch: int, *, batches: int | None = None) -> None:
        """Reads from the open block on; each batch comes a moment after the one before, and the end is quiet."""
        held, now = PartitionSegments(), 0.0
        unread = [record for record in self.log if record.offset >= block_start(self.committed)]
        starts = range(0, len(unread), batch)
        for start in starts[:batches]:
            held.add(unread[start : start + batch], now)
            self._put(held, now)
            now += 0.25
        if batches is None:
            self._put(held, now + segments.QUIET_S)

    def _put(self, held: PartitionSegments, now: float) -> None:
        for segment in held.due(now):
            put_segment(self.store, segment.key(LOG, PARTITION.number), segment, {})
            held.mark_put(segment)
            self.committed = max(self.committed, held.durable or 0)


# Offsets may have gaps; a value may be larger than a segment's bound.
logs = st.lists(st.tuples(st.integers(1, 3), st.integers(0, 50)), min_size=1, max_size=60).map(
    lambda steps: [
        entry(offset, size, (SESSION, event_id(offset)))
        for offset, size in zip(
            [sum(step for step, _ in steps[: n + 1]) - 1 for n in range(len(steps))],
            [size for _, size in steps],
            strict=True,
        )
    ]
)
kills = st.lists(st.tuples(st.integers(1, 9), st.integers(0, 12), st.integers(0, 12)), max_size=5)


@settings(max_examples=300, deadline=None)
@given(logs, st.integers(1, 20), kills)
def test_the_same_objects_come_out_wherever_it_was_killed(
    log: list[Entry], batch: int, kills: list[tuple[int, int, int]]
) -> None:
    expected = MemoryObjects()
    Worker(expected, log).run(batch=7)

    worker = Worker(MemoryObjects(), log)
    for other_batch, batches, changes in kills:
        worker.store.changes_left = changes
        with suppress(KilledError):
            worker.run(other_batch, batches=batches)
        durable = [record.offset for record in log if record.offset < worker.committed]
        worker.store.changes_left = -1
        assert set(durable) <= set(worker.store.offsets())
    worker.run(batch)

    assert worker.store.objects == expected.objects
    assert worker.store.offsets() == [record.offset for record in log]
    assert worker.committed == log[-1].offset + 1


@settings(deadline=None)
@given(logs)
def test_a_manifest_says_what_its_segment_holds(log: list[Entry]) -> None:
    store = MemoryObjects()
    Worker(store, log).run(batch=5)
    for found in longest(store.objects):
        manifest = decode_manifest(store.objects[found.key.manifest])
        records = list(read_records(store.objects[found.key.object]))
        offsets = [record["offset"] for record in records]
        session = manifest.sessions[SESSION]
        assert manifest.records == session.records == session.events == len(offsets)
        ids = sum(int(event_id(offset).replace("-", ""), 16) for offset in offsets)
        assert int(session.events_digest, 16) == ids % 2**128
        assert int(session.records_digest, 16) == sum(value_digest(record["value"]) for record in records) % 2**128
        assert (found.key.first, found.key.last) == (offsets[0], offsets[-1])
        assert {block_start(offset) for offset in offsets} == {block_start(offsets[0])}


def test_a_segment_is_put_when_it_is_quiet_or_full() -> None:
    held = PartitionSegments()

    def add(*offsets: int, now: float) -> list[int]:
        held.add([entry(offset, 1) for offset in offsets], now)
        return put(now)

    def put(now: float) -> list[int]:
        due = held.due(now)
        for segment in due:
            held.mark_put(segment)
        return [segment.next_offset for segment in due]

    assert add(0, 1, now=0.0) == []
    assert put(0.9) == []
    assert put(1.0) == [2]  # quiet for a second
    assert put(9.0) == []  # nothing new
    assert add(2, 3, 4, 5, now=9.1) == []  # more may come
    assert add(6, 7, 8, now=9.2) == [8]  # the block is full; the next one is not
    assert put(10.2) == [9]


def test_a_partition_that_is_never_quiet_is_put_in_the_end() -> None:
    held = PartitionSegments()
    held.add([entry(offset, 0) for offset in range(4)], 0.0)
    [segment] = held.due(segments.QUIET_S)
    held.mark_put(segment)
    held.add([entry(4, 0)], 1.0)
    held.add([entry(5, 0)], 1.0 + segments.LONGEST_WAIT_S - 0.1)
    assert not held.due(1.0 + segments.LONGEST_WAIT_S - 0.1)
    assert held.due(1.0 + segments.LONGEST_WAIT_S)


def test_a_segment_that_was_put_and_is_then_closed_is_held_no_longer() -> None:
    held = PartitionSegments()
    held.add([entry(0, BLOCK_BYTES)], 0.0)
    [segment] = held.due(segments.QUIET_S)
    held.mark_put(segment)
    held.add([entry(1, BLOCK_BYTES)], 5.0)
    assert len(held) == 1


def test_a_batch_that_comes_again_changes_nothing() -> None:
    held = PartitionSegments()
    batch = [entry(offset, 1) for offset in range(4)]
    held.add(batch, 0.0)
    held.add(batch, 0.0)
    [segment] = held.due(segments.QUIET_S)
    content, _ = segment.contents(segment.key(LOG, 3), {})
    assert [record["offset"] for record in read_records(content)] == [0, 1, 2, 3]


def test_a_topic_made_anew_under_our_feet_is_noticed() -> None:
    held = PartitionSegments()
    held.add([entry(5, 1)], 0.0)
    with pytest.raises(SessionTrackError, match="went back from 5 to 0"):
        held.add([entry(0, 1)], 0.1)


def test_another_log_has_other_keys() -> None:
    logs = [LOG, LOG._replace(cluster_id="other"), LOG._replace(log_id="other")]
    stores = MemoryObjects()
    held = PartitionSegments()
    held.add([entry(0, 1), entry(1, 1)], 0.0)
    [segment] = held.due(segments.QUIET_S)
    for log in logs:
        put_segment(stores, segment.key(log, 3), segment, {})
    assert len(stores.objects) == 2 * len(logs)
    assert {parsed[0].log for key in stores.objects if (parsed := parse_key(key))} == set(logs)


def test_a_damaged_segment_is_put_again_where_that_is_asked_for() -> None:
    store, held = MemoryObjects(), PartitionSegments()
    held.add([entry(offset, 3) for offset in range(4)], now=0.0)
    [segment] = held.due(now=segments.LONGEST_WAIT_S)
    key = segment.key(LOG, PARTITION.number)
    put_segment(store, key, segment, {})
    whole, store.objects[key.object] = dict(store.objects), b"damaged"
    put_segment(store, key, segment, {})
    assert store.objects[key.object] == b"damaged"
    put_segment(store, key, segment, {}, again=True)
    assert store.objects == whole
