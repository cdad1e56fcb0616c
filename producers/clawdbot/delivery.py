"""Sends batches, and moves the checkpoints once the broker has them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple, Protocol

import structlog

from producers.clawdbot.batches import Batch
from producers.clawdbot.checkpoints import AnyCheckpoint, CheckpointKey, CheckpointStore
from producers.receipt import Receipt
from schemas.records import SessionEvent
from sessiontrack.backoff import backoff_delays
from sessiontrack.errors import TerminalError, TransientError
from sessiontrack.telemetry.health import Health
from sessiontrack.telemetry.metrics import CaptureMetrics

# Batches that wait for acknowledgement; their events are bounded by the sender's own buffer.
_WAITING_BATCHES = 1000
# A broker that is well answers in milliseconds.
_STALL_S = 5.0

log = structlog.get_logger(__name__)


class EventSender(Protocol):
    """What takes events: `producers.emitter.SessionEmitter`, or a list in a test."""

    async def send(self, event: SessionEvent) -> asyncio.Future[Receipt]:
        """Takes an event; the receipt comes when it is durable."""


class _Sent(NamedTuple):
    batch: Batch
    receipts: list[asyncio.Future[Receipt]]


class Delivery:
    """Sends in order and acknowledges in order, many batches in flight, many checkpoints in one transaction.

    Args:
        sender: Takes the events.
        store: Takes the checkpoints.
        metrics: Counts what is sent, acknowledged and refused.
        health: Told what is waited for.
    """

    def __init__(
        self,
        sender: EventSender,
        store: CheckpointStore,
        *,
        metrics: CaptureMetrics | None = None,
        health: Health | None = None,
    ) -> None:
        self._sender = sender
        self._store = store
        self._metrics = metrics or CaptureMetrics()
        self._health = health or Health()
        self._waiting: asyncio.Queue[_Sent] = asyncio.Queue(_WAITING_BATCHES)

    async def send(self, batch: Batch) -> None:
        """Sends a batch's events; waits only where too much is in flight.

        Raises:
            TransientError: As the sender does.
        """
        receipts = []
        self._metrics.sent(len(batch.events))
        for event in batch.events:
            try:
                receipts.append(await self._sender.send(event))
            except TerminalError as error:
                self._refuse(error)
        # The events are not needed any more, and lines may be long.
        await self._waiting.put(_Sent(replace(batch, events=[]), receipts))

    async def run(self) -> None:
        """Moves checkpoints until it is cancelled.

        Raises:
            TransientError: The broker failed: no later checkpoint is moved.
        """
        while True:
            group = [await self._waiting.get()]
            while not self._waiting.empty():
                group.append(self._waiting.get_nowait())
            for sent in group:
                await self._acknowledgement(sent)
            await self._save([sent.batch for sent in group])
            for _ in group:
                self._waiting.task_done()

    async def drain(self) -> None:
        """Waits until all that was sent is acknowledged and remembered."""
        await self._waiting.join()

    async def forget(self, keys: Iterable[CheckpointKey]) -> None:
        """Removes the checkpoints of what is no more."""
        await self._write([], keys)

    async def _acknowledgement(self, sent: _Sent) -> None:
        stalled, refused = False, 0
        for receipt in sent.receipts:
            while not receipt.done():
                _, pending = await asyncio.wait([receipt], timeout=_STALL_S)
                if pending:
                    self._health.waits("kafka")
                if pending and not stalled:
                    stalled = True
                    log.warning("the broker does not acknowledge; waiting, nothing is lost")
            try:
                receipt.result()
            except TerminalError as error:
                self._refuse(error)
                refused += 1
        self._metrics.acknowledged(len(sent.receipts) - refused)
        if stalled:
            self._health.ready()
            log.info("the broker acknowledges again")

    def _refuse(self, error: TerminalError) -> None:
        # One event that can't be published never holds up the rest; its line stays in the file.
        self._metrics.refused()
        log.error("an event can't be published", reason=str(error))

    async def _save(self, batches: list[Batch]) -> None:
        checkpoints: dict[CheckpointKey, AnyCheckpoint] = {}
        void: set[CheckpointKey] = set()
        for batch in batches:
            if batch.renamed_from is not None:
                checkpoints.pop(batch.renamed_from, None)
                void.add(batch.renamed_from)
            checkpoints[batch.checkpoint.key] = batch.checkpoint
        await self._write(checkpoints.values(), void)

    async def _write(self, checkpoints: Iterable[AnyCheckpoint], forget: Iterable[CheckpointKey]) -> None:
        """Writes checkpoints, however long it takes until there is room for them."""
        failed = False
        for delay in backoff_delays():
            try:
                await asyncio.to_thread(self._store.save, checkpoints, forget=forget)
            except TransientError as error:
                if not failed:
                    log.error("checkpoints can't be written; trying again, nothing is lost", reason=str(error))
                failed = True
                self._health.waits("checkpoints")
                await asyncio.sleep(delay)
            else:
                break
        if failed:
            self._health.ready()
            log.info("checkpoints are written again")
