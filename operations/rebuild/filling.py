"""Reads events, runs the stages, writes what they come to: a rebuild but for its beginning and its end."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from itertools import islice

from consumers.batching import write_or_bisect
from consumers.sink import Offsets, Received
from operations.rebuild.derivation import derive_chunk
from operations.rebuild.progress import Meter
from operations.rebuild.source import Chunk, Source
from operations.rebuild.state import RebuildState, RecordId
from operations.rebuild.target import Writable
from schemas.topics import EVENTS
from sessiontrack.backoff import backoff_delays
from sessiontrack.errors import TerminalError, TransientError, UnavailableError

# Side by side: while one waits for the store, the next is read and computed. Each has two chunks in memory.
_PARTITIONS = 3
# Some minutes: a server that is started again is back by then. What was done is kept, so giving up costs nothing.
_MOST_TRIES = 30


class Filling:
    """Fills a target.

    Args:
        source: The events.
        target: What is filled, connected.
        state: How far it is.
        meter: Told of each chunk.
    """

    def __init__(self, source: Source, target: Writable, state: RebuildState, meter: Meter) -> None:
        self._source = source
        self._target = target
        self._state = state
        self._meter = meter
        # A sink writes one batch at a time.
        self._writing = asyncio.Lock()

    def left(self, ends: Mapping[int, int]) -> int:
        """Records that are left to read before these ends of the log."""
        return sum(self._source.left(number, self._state.cursor(number), end) for number, end in ends.items())

    async def fill(self, ends: Mapping[int, int]) -> None:
        """Takes in every event before these ends of the log.

        Raises:
            UnavailableError: A server is away for longer than is waited.
            CorruptSegmentError: A part of the archive is not what was put there.
        """
        free = asyncio.Semaphore(_PARTITIONS)

        async def fill(partition: int, end: int) -> None:
            async with free:
                await self._fill_partition(partition, end)

        try:
            async with asyncio.TaskGroup() as tasks:
                for partition, end in ends.items():
                    tasks.create_task(fill(partition, end))
        except ExceptionGroup as failures:
            # The others were ended for its sake.
            raise failures.exceptions[0] from None

    async def _fill_partition(self, partition: int, end: int) -> None:
        async for chunk in self._source.read(partition, self._state.cursor(partition), end):
            written = await self._take(partition, chunk)
            self._meter.count(chunk.records, written)

    async def _take(self, partition: int, chunk: Chunk) -> int:
        """The way of a chunk, the store first and the state last."""
        derivation = await asyncio.to_thread(derive_chunk, self._state, partition, chunk.events, self._target.topics)
        taken = await asyncio.to_thread(self._project, derivation.records)
        records = [derivation.records[record_id] for record_id, fits in taken.items() if fits]
        async with self._writing:
            refused = await self._write(records)
        for received in refused:
            taken[_id_of(received)] = False
        await asyncio.to_thread(self._state.commit, partition, chunk.cursor, derivation.writes, taken)
        return sum(taken.values())

    def _project(self, records: Mapping[RecordId, Received]) -> dict[RecordId, bool]:
        """Projects what is to be written; tells which of it the sink takes."""
        taken = {}
        for record_id, received in records.items():
            # Of an event only the first capture counts.
            if record_id.topic == EVENTS.name and self._state.knows(record_id):
                continue
            try:
                received.projection = self._target.project(record_id.topic, received.key, received.projection)
                taken[record_id] = True
            except TerminalError:
                taken[record_id] = False
        return taken

    async def _write(self, records: Sequence[Received]) -> list[Received]:
        """Writes records; returns those that the store refuses."""
        refused: list[Received] = []

        async def refuse(received: Received, error: TerminalError) -> Offsets:
            refused.append(received)
            return {}

        if records:
            await write_or_bisect(records, self._patiently, refuse)
        return refused

    async def _patiently(self, records: Sequence[Received]) -> Offsets:
        for delay in islice(backoff_delays(), _MOST_TRIES):
            try:
                return await self._target.write(records)
            except TransientError as error:
                reason = error
            await asyncio.sleep(delay)
        raise UnavailableError(
            str(reason), hint="Start the rebuild again when the store is back: it goes on where it stopped."
        )


def _id_of(received: Received) -> RecordId:
    """The id of a record that `derive_chunk` made."""
    return RecordId(received.partition.topic, received.key.decode())


def partitions() -> range:
    """Every partition of the events."""
    return range(EVENTS.partitions)
