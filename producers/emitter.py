"""The SDK: publishes session events to the log, and says where each one stands there."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

from producers.publisher import Publisher
from producers.receipt import Receipt
from producers.spooling import SpoolingPublisher
from producers.transcript import TranscriptSource
from producers.transcript_writer import TranscriptWriter
from schemas.records import SessionEvent
from sessiontrack.settings import Settings, get_settings

__all__ = ["Receipt", "SessionEmitter", "TranscriptWriter"]


class SessionEmitter:
    """Publishes session events, in the order of the calls for each session.

    Use it as an asynchronous context manager. While the broker or the object store is away, events are kept in a spool
    on disk, which is bounded, outlives the process, and is emptied in the background when they are back.

    Args:
        settings: Where the servers are, and the bounds; the process's own by default.
        spool: Whether an event is accepted once it is on disk. Without it an event is accepted by the broker only, and
            events wait in a bounded buffer: for those who have them on disk already, and want to know when they may
            forget them.
    """

    def __init__(self, settings: Settings | None = None, *, spool: bool = True) -> None:
        self._settings = settings or get_settings()
        self._spool = spool
        self._room = asyncio.Semaphore(self._settings.capture.buffer_events)
        self._pending: set[asyncio.Future[Receipt]] = set()
        self._failure: BaseException | None = None
        self._publisher: Publisher | SpoolingPublisher | None = None

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            if error is None:
                await self.flush()
        finally:
            await self.close()

    async def open(self) -> None:
        """Connects; with a spool, servers that are away are connected to later.

        Raises:
            UnavailableError: Without a spool: the broker or the schema registry does not answer, or the topic is
                missing.
            SessionTrackError: The registry refuses the schema of the events.
        """
        self._publisher = await (SpoolingPublisher.open if self._spool else Publisher.connect)(self._settings)

    async def close(self) -> None:
        """Disconnects. A broker that is well takes what is in flight before that; the rest stays in the spool."""
        publisher, self._publisher = self._publisher, None
        if publisher is not None:
            await publisher.close()

    async def emit(self, event: SessionEvent) -> Receipt:
        """Publishes an event and waits until it is accepted.

        Raises:
            TerminalError: The event can't be published as it is.
            TransientError: The spool is full; without one: the broker or the object store refused it. It may be emitted
                again.
        """
        return await (await self.send(event))

    async def send(self, event: SessionEvent) -> asyncio.Future[Receipt]:
        """Publishes an event; waits only while the buffer is full.

        Returns:
            The receipt to come. What goes wrong with it is raised by `flush` as well, so it need not be awaited.

        Raises:
            TerminalError: The event can't be published as it is.
            TransientError: The spool is full; without one: the object store refused its line (`LineRefusedError`).
            UnavailableError: It is large, and no object store is named that could take its line.
        """
        assert self._publisher is not None, "open the emitter first"
        await self._room.acquire()
        try:
            receipt = await self._publisher.publish(event)
        except BaseException:
            self._room.release()
            raise
        self._pending.add(receipt)
        receipt.add_done_callback(self._settle)
        return receipt

    def transcript(
        self, session_id: str, *, agent_id: str | None = None, family: str | None = None
    ) -> TranscriptWriter:
        """A new transcript, whose lines are published as they are written.

        Args:
            session_id: Whose it is.
            agent_id: The session's agent.
            family: Products that share identities; that of the settings by default.
        """
        source = TranscriptSource(session_id=session_id, agent_id=agent_id, family=family or self._settings.family)
        return TranscriptWriter(self.emit, source)

    async def flush(self) -> None:
        """Waits until everything that was sent is accepted.

        Raises:
            TransientError: An event was refused since the last `flush`.
        """
        while self._pending:
            await asyncio.wait(self._pending)
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    async def is_heard(self) -> bool:
        """Whether a broker answers; with a spool, whether events go straight to it."""
        assert self._publisher is not None, "open the emitter first"
        if isinstance(self._publisher, SpoolingPublisher):
            return self._publisher.is_direct
        return await self._publisher.is_heard()

    def _settle(self, receipt: asyncio.Future[Receipt]) -> None:
        self._room.release()
        self._pending.discard(receipt)
        if not receipt.cancelled():
            self._failure = self._failure or receipt.exception()
