"""The engine that every sink runs on: poll, project, write, commit; what can't be processed becomes a dead letter.

At least once, with the effect of once: writes are idempotent, and offsets are committed last. A store that is away is
waited for, with no more in memory than three batches (one being written, one projected, one read on) and what the
consumer has prefetched.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import structlog

from consumers.batching import latest, write_or_bisect
from consumers.dead_letters import DeadLetterProducer
from consumers.progress import Progress
from consumers.projecting import Batch, Projector
from consumers.reader import LogReader, Polled, group_of
from consumers.retry import Retry, Revoked, Stopped
from consumers.sink import Offsets, Received, Sink
from consumers.sink_trace import SinkTrace, Traced
from schemas.registry import SchemaRegistry
from sessiontrack.settings import Settings
from sessiontrack.telemetry.health import Health
from sessiontrack.telemetry.metrics import WorkerMetrics

if TYPE_CHECKING:
    from sessiontrack.traces.traces import Traces

logger = structlog.get_logger(__name__)

# Short enough for a sink that acts after a second of quiet, long enough to cost nothing.
_QUIET_S = 0.5
# While a thread projects a batch, the loop needs the interpreter for moments only, many times in each write: with
# Python's 5 ms for every one of them, the write would wait for the projection instead of going on beside it.
_SWITCH_S = 0.0005
# Between two signs of life; a worker may write one batch, or wait for its store, for much longer.
_BEAT_S = 5.0
# A group of workers that are well has shared its partitions out by then; one that was killed is missed after 10 s.
_LONGEST_REBALANCE_S = 15.0


class Engine:
    """Runs one sink. A sink that holds records back must take every record: only its own word moves its offsets.

    Args:
        sink: The store.
        settings: Addresses, and how to batch.
        metrics: What is counted; nobody looks at it where it is left out.
        health: Whether it works, and what it waits for.
        traces: Follows the traces that records carry; None where there are none.
    """

    def __init__(
        self,
        sink: Sink,
        settings: Settings,
        *,
        metrics: WorkerMetrics | None = None,
        health: Health | None = None,
        traces: Traces | None = None,
    ) -> None:
        self._sink = sink
        self._trace = SinkTrace(traces, sink.name, group_of(sink)) if traces else None
        self._metrics = metrics or WorkerMetrics(sink.name)
        self._health = health or Health()
        self._progress = Progress(self._metrics)
        self._reader = LogReader(sink, settings)
        self._registry = SchemaRegistry(settings.registry.url)
        self._projector = Projector(sink, self._registry)
        self._dead_letters = DeadLetterProducer(settings, group_of(sink), self._registry)
        self._retry: Retry
        self._refused = 0

    async def run(self, stop: asyncio.Event) -> None:
        """Runs until `stop` is set; what is being written by then is finished first.

        Raises:
            Exception: Whatever the engine does not know: the process must end, with nothing of the batch committed.
        """
        self._retry = Retry(self._sink.name, stop, self._health)
        sys.setswitchinterval(_SWITCH_S)
        beating = asyncio.create_task(self._beat())
        try:
            await self._retry(self._sink.name, self._sink.open)
            await self._retry("kafka", self._reader.start)
            await self._flow(stop)
        except Stopped:
            logger.info("stopped_while_waiting", sink=self._sink.name)
        finally:
            beating.cancel()
            await self._close()

    async def _beat(self) -> None:
        """Says that the event loop turns, and how far it is: a batch may wait long for the store."""
        while True:
            self._health.beat()
            if self._reader.waits_for_group_s > _LONGEST_REBALANCE_S:
                self._health.waits("kafka")
            if self._reader.owns:
                self._progress.show(self._reader.positions())
            await asyncio.sleep(_BEAT_S)

    async def _flow(self, stop: asyncio.Event) -> None:
        """The stages, one per line. While a batch is being written the next one is read, and no more."""
        writing = asyncio.create_task(asyncio.sleep(0))
        try:
            while not stop.is_set():
                polled = await self._retry("kafka", lambda: self._reader.poll(_QUIET_S))
                self._progress.take(polled)
                traced = self._trace.take(polled, self._reader.positions()) if self._trace else ()
                batch = await self._project(polled)
                await writing
                writing = asyncio.create_task(self._store(batch, traced))
            await writing
        finally:
            writing.cancel()
            await asyncio.gather(writing, return_exceptions=True)

    async def _store(self, batch: Batch, traced: Sequence[Traced]) -> None:
        """The second half of the stages, the acknowledgement last."""
        self._refused = 0
        began_ns = time.time_ns()
        try:
            written = await self._write(batch)
            if self._trace:
                self._trace.wrote(traced, began_ns, len(batch.records))
            refused = await self._set_aside(batch)
            await self._reader.commit(batch.assignment, latest(written, refused))
        except Revoked:
            logger.info("batch_revoked", sink=self._sink.name, records=len(batch.records))
            return
        self._note(batch)

    async def _project(self, polled: Polled) -> Batch:
        # In a thread: a schema that is new is fetched from the registry, and the heartbeat must go on.
        return await self._retry("registry", lambda: asyncio.to_thread(self._projector.project, polled))

    async def _write(self, batch: Batch) -> Offsets:
        def wanted() -> bool:
            return self._reader.current(batch.assignment)

        if not batch.records:
            return await self._retry(self._sink.name, self._sink.idle, wanted=wanted)
        return await write_or_bisect(
            batch.records,
            write=lambda records: self._retry(self._sink.name, lambda: self._sink.write(records), wanted=wanted),
            refuse=lambda record, error: self._refuse(record, "write", error),
        )

    async def _set_aside(self, batch: Batch) -> Offsets:
        return latest(*[await self._refuse(each.received, each.stage, each.error) for each in batch.refusals])

    async def _refuse(self, record: Received, stage: str, error: Exception) -> Offsets:
        await self._retry("kafka", lambda: self._dead_letters.send(record, stage, error))
        self._refused += 1
        self._metrics.dead_lettered(stage)
        if self._trace:
            self._trace.refused(record, error)
        return {record.partition: record.offset + 1}

    def _note(self, batch: Batch) -> None:
        """Shows what a batch came to."""
        if batch.records or batch.refusals:
            self._metrics.batch(time.monotonic() - batch.begun)
        positions = self._reader.positions()
        self._progress.settle(batch.assignment, positions, self._refused)
        if self._trace and self._reader.current(batch.assignment):
            self._trace.settle(positions)
        if self._reader.owns:
            self._health.ready()

    async def _close(self) -> None:
        await self._reader.close()
        await self._dead_letters.close()
        await self._sink.close()
        self._registry.close()
