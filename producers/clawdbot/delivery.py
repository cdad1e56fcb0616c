"""Sends batches, and moves the checkpoints once the broker has them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import NamedTuple, Protocol

import structlog

from producers.clawdbot.batches import Batch
from producers.clawdbot.checkpoints import Checkpoint, CheckpointStore
from producers.transcript_writer import Receipt
from schemas.records import SessionEvent
from sessiontrack.errors import TerminalError

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

    Attributes:
        refused: Events that can't be published as they are.
    """

    def __init__(self, sender: EventSender, store: CheckpointStore) -> None:
        self._sender = sender
        self._store = store
        self.refused = 0
        self._waiting: asyncio.Queue[_Sent] = asyncio.Queue(_WAITING_BATCHES)

    async def send(self, batch: Batch) -> None:
        """Sends a batch's events; waits only where too much is in flight.

        Raises:
            TransientError: As the sender does.
        """
        receipts = []
        for event in batch.events:
            try:
                receipts.append(await self._sender.send(event))
            except TerminalError as error:
                self._refuse(error)
        await self._waiting.put(_Sent(batch, receipts))

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
            await asyncio.to_thread(self._save, [sent.batch for sent in group])
            for _ in group:
                self._waiting.task_done()

    async def drain(self) -> None:
        """Waits until all that was sent is acknowledged and remembered."""
        await self._waiting.join()

    async def _acknowledgement(self, sent: _Sent) -> None:
        stalled = False
        for receipt in sent.receipts:
            while not receipt.done():
                _, pending = await asyncio.wait([receipt], timeout=_STALL_S)
                if pending and not stalled:
                    stalled = True
                    log.warning("the broker does not acknowledge; waiting, nothing is lost")
            try:
                receipt.result()
            except TerminalError as error:
                self._refuse(error)
        if stalled:
            log.info("the broker acknowledges again")

    def _refuse(self, error: TerminalError) -> None:
        # One event that can't be published never holds up the rest; its line stays in the file.
        self.refused += 1
        log.error("an event can't be published", reason=str(error))

    def _save(self, batches: list[Batch]) -> None:
        checkpoints: dict[Path, Checkpoint] = {}
        void: set[Path] = set()
        for batch in batches:
            if batch.renamed_from is not None:
                checkpoints.pop(batch.renamed_from, None)
                void.add(batch.renamed_from)
            checkpoints[batch.checkpoint.path] = batch.checkpoint
        self._store.save(checkpoints.values(), forget=void)
