"""Sends batches, and moves the checkpoints once the broker has them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple, Protocol

import structlog

from producers.claims import LineRefusedError
from producers.clawdbot.batches import Batch
from producers.clawdbot.checkpoints import AnyCheckpoint, CheckpointKey, CheckpointStore
from producers.clawdbot.disk_guard import DiskGuard
from producers.clawdbot.holding import HeldSessions
from producers.receipt import Receipt
from schemas.records import SessionEvent
from sessiontrack.backoff import backoff_delays
from sessiontrack.errors import TerminalError, TransientError, UnavailableError, UsageError
from sessiontrack.telemetry.health import Health
from sessiontrack.telemetry.metrics import CaptureMetrics

# Batches that wait for acknowledgement; their events are bounded by the sender's own buffer.
_WAITING_BATCHES = 1000
# To try again costs as much as the line is long.
_RETRY_S = 10.0
# A broker that is well answers in milliseconds.
_STALL_S = 5.0

log = structlog.get_logger(__name__)


class EventSender(Protocol):
    """What takes events: `producers.emitter.SessionEmitter`, or a list in a test."""

    async def send(self, event: SessionEvent) -> asyncio.Future[Receipt]:
        """Takes an event; the receipt comes when it is durable."""


class _Sent(NamedTuple):
    batch: Batch | None  # None where not all of it was sent
    receipts: list[asyncio.Future[Receipt]]


class Delivery:
    """Sends in order and acknowledges in order, many batches in flight, many checkpoints in one transaction.

    Args:
        sender: Takes the events.
        store: Takes the checkpoints.
        metrics: Counts what is sent, acknowledged and refused.
        health: Told what is waited for.
        disk: Asked for room before each batch; there is always room where it is left out.
    """

    def __init__(
        self,
        sender: EventSender,
        store: CheckpointStore,
        *,
        metrics: CaptureMetrics | None = None,
        health: Health | None = None,
        disk: DiskGuard | None = None,
    ) -> None:
        self._sender = sender
        self._store = store
        self._metrics = metrics or CaptureMetrics()
        self._health = health or Health()
        self._disk = disk
        self._held = HeldSessions()
        self._waiting: asyncio.Queue[_Sent] = asyncio.Queue(_WAITING_BATCHES)

    async def send(self, batch: Batch) -> None:
        """Sends a batch's events, unless its session waits for the object store; waits where too much is in flight.

        Raises:
            TransientError: As the sender does.
        """
        if self._held.cover(batch):
            return
        if self._disk:
            await self._disk.wait_for_room()
        receipts: list[asyncio.Future[Receipt]] = []
        self._metrics.sent(len(batch.events))
        whole = True
        for number, event in enumerate(batch.events):
            try:
                receipts.append(await self._sender.send(event))
            except TerminalError as error:
                self._refuse(error)
            except (LineRefusedError, UnavailableError) as error:
                self._held.hold(batch, event, error, for_good=isinstance(error, UnavailableError))
                self._metrics.held(len(self._held), len(batch.events) - number)
                whole = False
                break
        # The events are not needed any more, and lines may be long.
        await self._waiting.put(_Sent(replace(batch, events=[]) if whole else None, receipts))

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
            await self._save([sent.batch for sent in group if sent.batch])
            for _ in group:
                self._waiting.task_done()

    async def drain(self) -> None:
        """Waits until all that was sent is acknowledged and remembered."""
        await self._waiting.join()

    async def resume(self) -> None:
        """Waits until something is held, and the object store takes it after all.

        Raises:
            TransientError: It does: what is held can be read again from the checkpoints.
        """
        event = await self._held.waits()
        while True:
            await asyncio.sleep(_RETRY_S)
            try:
                await self._sender.send(event)
            except LineRefusedError:
                continue
            raise TransientError(f"the object store takes lines again, {len(self._held)} sessions waited for it")

    async def require_all(self) -> None:
        """Waits as long as anything is held that may be sent later.

        Raises:
            UsageError: Something is held that can't be.
        """
        if reason := self._held.reason:
            raise UsageError(
                f"{len(self._held)} sessions have lines too large for the topic, and wait: {reason}; "
                "all others were captured",
                hint=reason.hint,
            )
        if self._held:
            await asyncio.get_running_loop().create_future()

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
