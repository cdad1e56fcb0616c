"""Publishing that never waits for servers that are away: a circuit breaker with a spool behind it.

It has two states. *Direct*: the spool is empty, and events go straight to the broker. It ends when the broker refuses
an event, or has acknowledged nothing for `capture.ack_ms`: all events that are not acknowledged go to the spool, in
their order. *Spooling*: each event is appended to the spool, while a task in the background tries to connect, publishes
what is in the spool in its order, and removes what is acknowledged. When nothing is left there it is direct again. So
of no session an event overtakes an earlier one. An event may be published twice, by a broker that had it but could not
say so any more; its id is the same then.

An event whose line has to go to the object store takes the way through the spool, so nobody waits for that store; while
it is away, what comes behind stays in the spool as well.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from functools import lru_cache
from typing import NamedTuple, Self

import structlog

from producers.claims import ClaimStore
from producers.connection import Connection
from producers.emptying import publish_spool, synced
from producers.publisher import Publisher, encoded, partition_of
from producers.receipt import Receipt
from producers.spool.folders import spool_root
from producers.spool.spool import Spool
from producers.watchdog import Watchdog
from schemas.avro import load_schema
from schemas.codec import Encoder
from schemas.records import SessionEvent
from schemas.topics import EVENTS
from sessiontrack.backoff import backoff_delays
from sessiontrack.errors import TransientError, UnavailableError
from sessiontrack.settings import Settings

# A broker that is well is connected to within this; one that is away holds up nobody's start for longer.
_OPEN_PATIENCE_S = 2.0
# How long an end waits for a broker that is there to take the rest; what it does not take waits on disk.
_CLOSE_PATIENCE_S = 5.0
# What a power failure may cost.
_SYNC_INTERVAL_S = 1.0
# One connection in two seconds costs nobody anything, and a spool that grows should not wait for longer.
_LONGEST_DELAY_S = 2.0
# Of no registry: the id says nothing in a spool.
_NO_SCHEMA_ID = 0

log = structlog.get_logger(__name__)


class _Sent(NamedTuple):
    event: SessionEvent
    value: bytes


class SpoolingPublisher:
    """Publishes events, or spools them; made by `open`.

    Args:
        settings: Where the servers and the spool are, and the bounds.
        connect: Makes a connection; raises UnavailableError where a server is away.
    """

    def __init__(self, settings: Settings, connect: Callable[[], Awaitable[Connection]]) -> None:
        self._settings = settings
        self._connect = connect
        schema, self._encoder = _spool_encoder()
        self._spool = Spool(
            spool_root(settings.data_dir), schema, settings.capture.spool_bytes, settings.disk_reserve_bytes
        )
        self._direct = False
        self._told = False
        self._connection: Connection | None = None
        self._unacknowledged: dict[asyncio.Future[Receipt], _Sent] = {}
        self._watchdog = Watchdog(settings.capture.ack_ms / 1000, self._on_silence)
        self._emptying: asyncio.Task[None] | None = None
        self._abandoning: set[asyncio.Task[None]] = set()
        # Whether the servers were asked once: what they said is told by `open`, and later only logged.
        self._tried = asyncio.Event()

    @classmethod
    async def open(cls, settings: Settings, connect: Callable[[], Awaitable[Connection]] | None = None) -> Self:
        """A publisher that is connected, or spools until it is.

        Raises:
            SessionTrackError: The registry refuses the schema, which time does not heal.
        """
        publisher = cls(settings, connect or (lambda: Publisher.connect(settings)))
        try:
            await publisher._start()
        except BaseException:
            await publisher.close()
            raise
        return publisher

    @property
    def is_direct(self) -> bool:
        """Whether events go straight to the broker."""
        return self._direct

    async def publish(self, event: SessionEvent) -> asyncio.Future[Receipt]:
        """Publishes or spools an event.

        Returns:
            The receipt to come; at once where the event is spooled.

        Raises:
            TerminalError: The event can't be published as it is.
            TransientError: The spool or the disk is full.
            UnavailableError: The event is large, and no object store is named that could take it.
        """
        connection = self._connection
        if not self._direct or connection is None:
            return self._spooled(event)
        value = connection.encode(event)
        if self._is_large(value):
            self._turn_to_spool()
            return self._spooled(event)
        receipt: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        self._unacknowledged[receipt] = _Sent(event, value)
        self._watchdog.start()
        try:
            acknowledged = await connection.produce(event, value)
        except TransientError as error:
            self._lose(connection, str(error))
        except BaseException:
            self._forget(receipt)
            raise
        else:
            acknowledged.add_done_callback(lambda done: self._settle(connection, receipt, done))
        return receipt

    async def emptied(self) -> None:
        """Waits until nothing is left in the spool."""
        while not self._direct and self._emptying:
            await asyncio.wait([self._emptying])

    async def close(self) -> None:
        """Disconnects. What the broker has not acknowledged is in the spool then."""
        while self._unacknowledged:
            await asyncio.wait(list(self._unacknowledged))
        if self._emptying:
            if self._connection:
                await asyncio.wait([self._emptying], timeout=_CLOSE_PATIENCE_S)
            self._emptying.cancel()
            await asyncio.wait([self._emptying])
        if self._connection:
            await self._connection.close()
        if self._abandoning:
            await asyncio.wait(self._abandoning)
        await synced(self._spool)
        self._spool.close()

    async def _start(self) -> None:
        self._spool.adopt()
        self._emptying = asyncio.create_task(self._empty())
        tried = asyncio.create_task(self._tried.wait())
        await asyncio.wait([tried, self._emptying], timeout=_OPEN_PATIENCE_S, return_when=asyncio.FIRST_COMPLETED)
        tried.cancel()
        if self._emptying.done():
            self._emptying.result()
        self._tried.set()

    def _spooled(self, event: SessionEvent) -> asyncio.Future[Receipt]:
        value = encoded(self._encoder, event)
        self._is_large(value)
        self._spool.append([value])
        receipt: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        receipt.set_result(_spool_receipt(event))
        return receipt

    def _is_large(self, value: bytes) -> bool:
        large = len(value) > self._settings.capture.claim_bytes
        if large:
            # Raises where no keys are set: in the spool the event would hold up all others for ever.
            ClaimStore(self._settings.s3)
        return large

    def _on_silence(self) -> None:
        if self._connection:
            self._lose(self._connection, f"nothing acknowledged in {self._settings.capture.ack_ms} ms")

    def _settle(self, connection: Connection, receipt: asyncio.Future[Receipt], done: asyncio.Future[Receipt]) -> None:
        error = None if done.cancelled() else done.exception()
        if receipt not in self._unacknowledged:
            return
        if done.cancelled() or isinstance(error, TransientError):
            self._lose(connection, str(error))
            return
        self._forget(receipt)
        if error is None:
            _resolve(receipt, done.result())
        else:
            _resolve(receipt, error)

    def _forget(self, receipt: asyncio.Future[Receipt]) -> None:
        if receipt in self._unacknowledged:
            self._watchdog.acknowledged(oldest=receipt is next(iter(self._unacknowledged)))
            del self._unacknowledged[receipt]
            if not self._unacknowledged:
                self._watchdog.stop()

    def _lose(self, connection: Connection, reason: str) -> None:
        """Goes on without a connection that failed; does nothing where that is known."""
        if connection is self._connection and self._direct:
            self._tell_of(reason)
            self._turn_to_spool()
            self._abandon(connection)

    def _turn_to_spool(self) -> None:
        self._direct = False
        self._watchdog.stop()
        sent, self._unacknowledged = self._unacknowledged, {}
        failure: TransientError | None = None
        if sent:
            try:
                self._spool.append([each.value for each in sent.values()])
            except TransientError as error:
                failure = error
        for receipt, each in sent.items():
            _resolve(receipt, failure or _spool_receipt(each.event))
        self._emptying = asyncio.create_task(self._empty())

    async def _empty(self) -> None:
        """Connects, and publishes what is in the spool until nothing is left there."""
        syncing = asyncio.create_task(self._sync_again_and_again())
        try:
            for delay in backoff_delays():
                if await self._try_to_empty():
                    return
                await asyncio.sleep(min(delay, _LONGEST_DELAY_S))
        finally:
            syncing.cancel()

    async def _try_to_empty(self) -> bool:
        try:
            self._connection = self._connection or await self._connect()
            self._tried.set()
            await publish_spool(self._spool, self._connection)
        except Exception as error:  # whatever a client library raises, the spool is not given up
            if not self._tried.is_set() and not isinstance(error, TransientError | UnavailableError):
                raise
            self._tell_of(str(error) or type(error).__name__)
            self._tried.set()
        else:
            self._direct, self._told = True, False
            return True
        self._spool.rewind()
        if self._connection:
            self._abandon(self._connection)
        return False

    def _abandon(self, connection: Connection) -> None:
        # A task of its own: nobody waits for it but the end, and it is not to be cut off half way.
        self._connection = None
        task = asyncio.create_task(connection.abandon())
        self._abandoning.add(task)
        task.add_done_callback(self._abandoning.discard)

    def _tell_of(self, reason: str) -> None:
        # A warning once for each outage: the servers are tried every few seconds.
        tell = log.debug if self._told else log.warning
        tell("events wait on disk until the servers are back", spool=str(self._spool.root), reason=reason)
        self._told = True

    async def _sync_again_and_again(self) -> None:
        while True:
            await asyncio.sleep(_SYNC_INTERVAL_S)
            await synced(self._spool)


@lru_cache(maxsize=1)
def _spool_encoder() -> tuple[bytes, Encoder]:
    """The schema that events are spooled with, as JSON, and what encodes them."""
    return json.dumps(load_schema(EVENTS.schema)).encode(), Encoder(EVENTS.schema, _NO_SCHEMA_ID)


def _spool_receipt(event: SessionEvent) -> Receipt:
    return Receipt(event["event_id"], EVENTS.name, partition_of(event["session_id"].encode("utf-8")), None)


def _resolve(receipt: asyncio.Future[Receipt], result: Receipt | BaseException) -> None:
    if receipt.done():
        return  # whoever waited for it has gone
    if isinstance(result, Receipt):
        receipt.set_result(result)
    else:
        receipt.set_exception(result)
        # Retrieved: whoever sent it need not await the receipt.
        receipt.exception()
