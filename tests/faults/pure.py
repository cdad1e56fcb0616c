"""The workers without their servers: the real pure stages, on a log and stores in memory, stopped wherever one likes.

Each worker's step is cut into the parts between which a process may end: read, publish or write, remember, commit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from consumers.archive.entries import entry
from consumers.archive.layout import Log, SegmentKey, parse_key
from consumers.archive.placement import put_segment
from consumers.archive.segments import LONGEST_WAIT_S, PartitionSegments, block_start
from consumers.batching import latest, write_or_bisect
from consumers.projecting import Batch, Projector
from consumers.reader import Polled
from consumers.sink import Offsets, Partition, Received, ends
from schemas.codec import CodecError, Decoder
from schemas.records import DeadLetter
from schemas.registry import SchemaRegistry
from schemas.topics import EVENTS
from sessiontrack.dead_letters import dead_letter
from sessiontrack.errors import TransientError
from streams.batch import Output, process_batch
from streams.codec import Codec
from streams.table import next_offset, next_offset_write
from tests.faults.letters import MemoryLetters
from tests.faults.memory import MemoryLog, MemoryObjects, MemoryOpenSearch, MemoryPostgres, Record, Registry

PARTITIONS = 2
ARCHIVED = Log("cluster", "log", EVENTS.name)
# What happens to a write: it is refused before anything is done; done, and the answer is lost; done in part.
Trouble = Literal["before", "after", "in part"]
# A manifest tells what of a record was known when it was put, and stays: so the archive knows every schema from the
# beginning.
_ALL_SCHEMAS = Registry(knows_all=True)


@dataclass
class Derivation:
    """What a streams worker has made of a batch, and not published yet.

    Attributes:
        number: Partition.
        outputs: To publish.
        writes: To write after that, in order.
        refused: Records that do not decode, and why.
    """

    number: int
    outputs: Sequence[Output]
    writes: dict[bytes, bytes]
    refused: Sequence[tuple[Record, Exception]]


@dataclass
class Streams:
    """The streams worker; its state is its changelog, which outlives it.

    Attributes:
        log: What it reads and publishes to.
        letters: Where its dead letters go.
        codec: Decodes events and encodes records.
        states: By partition.
    """

    log: MemoryLog
    letters: MemoryLetters
    codec: Codec
    states: dict[int, dict[bytes, bytes]] = field(default_factory=lambda: {n: {} for n in range(PARTITIONS)})

    def derive(self, number: int, count: int | None = None) -> Derivation | None:
        """Reads on from where the state ends, and runs the stages; None where there is nothing more."""
        state = self.states[number]
        records = self.log.read(Partition(EVENTS.name, number), next_offset(state), count)
        if not records:
            return None
        placed, refused = [], []
        for record in records:
            try:
                placed.append((record.offset, self.codec.decode(record.value)))
            except CodecError as error:
                refused.append((record, error))
        changes = process_batch(state, placed)
        assert not changes.refusals
        writes = changes.writes | next_offset_write(records[-1].offset + 1)
        return Derivation(number, changes.outputs, writes, refused)

    def publish(self, derived: Derivation, most: int | None = None) -> None:
        """Publishes, and sets aside; ends after `most` records."""
        for output in derived.outputs[:most]:
            key, value, headers = self.codec.encode(output)
            self.log.append(Partition(output.topic.name, derived.number), key, value, headers)
        for record, error in derived.refused:
            self.letters.add(_letter("streams", "decode", record, error))

    def remember(self, derived: Derivation, most: int | None = None) -> None:
        """Writes the state; ends after `most` writes."""
        self.states[derived.number].update(list(derived.writes.items())[:most])

    def drain(self, number: int) -> None:
        """Takes everything of a partition."""
        while derived := self.derive(number):
            self.publish(derived)
            self.remember(derived)

    def forget(self) -> None:
        """Drops the state: the stages begin again at the first event."""
        self.states = {number: {} for number in range(PARTITIONS)}


@dataclass
class SinkWorker:
    """The worker of a store that replaces by version.

    Attributes:
        log: What it reads.
        store: What it writes to.
        letters: Where its dead letters go.
        registry: Where the writers' schemas are.
        committed: Where its group stands.
    """

    log: MemoryLog
    store: MemoryPostgres | MemoryOpenSearch
    letters: MemoryLetters
    registry: SchemaRegistry
    committed: dict[Partition, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._projector = Projector(self.store, self.registry)  # type: ignore[arg-type]  # it only projects

    @property
    def partitions(self) -> list[Partition]:
        """What it reads."""
        return [Partition(topic.name, number) for topic in self.store.topics for number in range(PARTITIONS)]

    def poll(self, partitions: Iterable[Partition], count: int | None = None) -> Batch:
        """Reads on from what is committed, at most `count` records of each partition, and projects."""
        records = [record for each in partitions for record in self.log.read(each, self.committed.get(each, 0), count)]
        return self._projector.project(Polled(0, records))

    def write(self, batch: Batch, troubles: Sequence[Trouble] = ()) -> Offsets:
        """Writes a batch as the engine does; what is in trouble is tried again, until no trouble is left."""
        left = list(troubles)

        async def write(records: Sequence[Received]) -> Offsets:
            while True:
                try:
                    return self._attempt(records, left.pop(0) if left else None)
                except TransientError:
                    continue

        async def refuse(record: Received, error: Exception) -> Offsets:
            self._set_aside(record, "write", error)
            return {record.partition: record.offset + 1}

        written = asyncio.run(write_or_bisect(batch.records, write, refuse)) if batch.records else {}
        for refusal in batch.refusals:
            self._set_aside(refusal.received, refusal.stage, refusal.error)
        return latest(written, ends(refusal.received for refusal in batch.refusals))

    def commit(self, offsets: Offsets) -> None:
        """Commits."""
        self.committed = latest(self.committed, offsets)

    def _attempt(self, records: Sequence[Received], trouble: Trouble | None) -> Offsets:
        if trouble == "before":
            raise TransientError("away")
        self.store.write(records, len(records) // 2 if trouble == "in part" else None)
        if trouble == "after":
            raise TransientError("no answer")
        return ends(records)

    def _set_aside(self, record: Received, stage: str, error: Exception) -> None:
        self.letters.add(_letter(self.store.name, stage, _record(record), error))


@dataclass
class Archiver:
    """One owner of a partition of the events, which holds back what is not worth an object yet.

    Attributes:
        log: What it reads.
        objects: What it puts to.
        number: Its partition.
        position: Where it reads on.
    """

    log: MemoryLog
    objects: MemoryObjects
    number: int
    position: int
    segments: PartitionSegments = field(default_factory=PartitionSegments)

    def take(self, now: float, count: int | None = None) -> None:
        """Reads on, and adds to its segments."""
        records = self.log.read(Partition(EVENTS.name, self.number), self.position, count)
        if records:
            decoder = Decoder(EVENTS.schema, _ALL_SCHEMAS.schema)
            self.segments.add([entry(_received(record), decoder) for record in records], now)
            self.position += len(records)

    def put(self, now: float, most: int | None = None) -> int | None:
        """Puts what is due, and returns what is durable; the object store goes away after `most` calls.

        Raises:
            TransientError: It is away.
        """
        self.objects.most = most
        try:
            for segment in self.segments.due(now):
                put_segment(self.objects, segment.key(ARCHIVED, self.number), segment, {})
                self.segments.mark_put(segment)
        finally:
            self.objects.most = None
        return self.segments.durable


@dataclass
class Pipeline:
    """All workers over one log.

    Attributes:
        log: The log.
        objects: What the archive consists of.
        letters: The dead letters of all groups.
        is_mended: Whether the schema is there that was lacking, and a place for every record.
    """

    log: MemoryLog = field(default_factory=MemoryLog)
    objects: MemoryObjects = field(default_factory=MemoryObjects)
    letters: MemoryLetters = field(default_factory=MemoryLetters)
    is_mended: bool = False

    def __post_init__(self) -> None:
        self._schemas = Registry(self.is_mended)
        self.registry = cast(SchemaRegistry, self._schemas)
        self.codec = Codec(self.registry)
        self.streams = Streams(self.log, self.letters, self.codec)
        stores = (MemoryPostgres(self.is_mended), MemoryOpenSearch(self.is_mended))
        self.sinks = {store.name: SinkWorker(self.log, store, self.letters, self.registry) for store in stores}
        self.archived = dict.fromkeys(range(PARTITIONS), 0)
        self.archivers = {number: self.archiver(number) for number in range(PARTITIONS)}

    def archiver(self, number: int) -> Archiver:
        """A new owner of a partition: it begins at the block of what is committed."""
        return Archiver(self.log, self.objects, number, block_start(self.archived[number]))

    def drain(self, now: float) -> None:
        """Everything there is goes into every store, with no fault on the way."""
        for number in range(PARTITIONS):
            self.streams.drain(number)
        for sink in self.sinks.values():
            sink.commit(sink.write(sink.poll(sink.partitions)))
        for archiver in self.archivers.values():
            archiver.take(now)
            archiver.put(now + LONGEST_WAIT_S)

    def mend(self) -> None:
        """The registry gets the schema that it lacks, and the stores places for every record."""
        self.is_mended = self._schemas.knows_all = True
        for sink in self.sinks.values():
            sink.store.is_mended = True

    def archive(self) -> dict[SegmentKey, tuple[bytes, bytes]]:
        """Records and manifest of the segments that count: of those with one first offset the longest."""
        counting: dict[tuple[int, int], SegmentKey] = {}
        for key, _ in filter(None, map(parse_key, self.objects.objects)):
            if {key.object, key.manifest} <= self.objects.objects.keys():
                known = counting.get((key.partition, key.first), key)
                counting[key.partition, key.first] = max(known, key)
        return {
            key: (self.objects.objects[key.object], self.objects.objects[key.manifest]) for key in counting.values()
        }


def _received(record: Record) -> Received:
    place = Partition(record.topic, record.partition)
    return Received(place, record.offset, record.timestamp, record.key, record.value, record.headers)


def _record(received: Received) -> Record:
    place = received.partition
    value = received.value or b""
    return Record(*place, received.offset, received.timestamp, received.key, value, received.headers)


def _letter(worker: str, stage: str, record: Record, error: Exception) -> DeadLetter:
    about: dict[str, Any] = record._asdict() | {"headers": list(record.headers)}
    del about["timestamp"]
    return dead_letter(group=f"sessiontrack.{worker}", stage=stage, error=error, failed_at=0, **about)
