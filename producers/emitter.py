"""The SDK: publishes session events to the log, and says where each one stands there."""

from __future__ import annotations

import asyncio
from functools import lru_cache
from types import TracebackType
from typing import Any, Self

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, KafkaTimeoutError, MessageSizeTooLargeError
from aiokafka.partitioner import murmur2

from producers.claims import SHORTEST_CUT, ClaimStore, cut, with_reference
from producers.cloudevents import headers_of
from producers.transcript import TranscriptSource
from producers.transcript_writer import Receipt, TranscriptWriter
from schemas.avro import load_schema
from schemas.codec import Encoder
from schemas.records import SessionEvent
from schemas.registry import RegistryError, SchemaRegistry
from schemas.topics import EVENTS
from sessiontrack.errors import TerminalError, TransientError, UnavailableError
from sessiontrack.settings import Settings, get_settings

__all__ = ["Receipt", "SessionEmitter", "TranscriptWriter"]

# A broker on the same machine answers in milliseconds; one that starts takes some seconds.
_START_TIMEOUT_S = 10.0
# As long as a broker may take to acknowledge what is in flight when the program ends.
_CLOSE_TIMEOUT_S = 5.0
# One partition's part of a request. An import fills it; a single event is sent without waiting for more.
_BATCH_BYTES = 1024 * 1024
# What headers, key and framing add to a value, generously.
_RECORD_OVERHEAD = 64 * 1024
_START_HINT = "Start the stack with `sessiontrack up`."

log = structlog.get_logger(__name__)


class SessionEmitter:
    """Publishes session events, in the order of the calls for each session.

    Use it as an asynchronous context manager. While the broker is away, events wait in a bounded buffer.

    Args:
        settings: Where the servers are, and the bounds; the process's own by default.
    """

    def __init__(self, settings: Settings | None = None) -> None:
        self._settings = settings or get_settings()
        self._room = asyncio.Semaphore(self._settings.capture.buffer_events)
        self._pending: set[asyncio.Future[Receipt]] = set()
        self._failure: BaseException | None = None
        self._claims: ClaimStore | None = None
        self._producer: Any = None
        self._encoder: Encoder | None = None

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
        """Connects.

        Raises:
            UnavailableError: The schema registry or the broker does not answer, or the topic is missing.
        """
        self._encoder = Encoder(EVENTS.schema, await asyncio.to_thread(self._register_schema))
        kafka = self._settings.kafka
        producer = AIOKafkaProducer(
            bootstrap_servers=kafka.bootstrap_servers,
            acks="all",
            enable_idempotence=True,
            compression_type="zstd",
            linger_ms=0,
            max_batch_size=_BATCH_BYTES,
            max_request_size=self._settings.capture.claim_bytes + _RECORD_OVERHEAD,
        )
        try:
            async with asyncio.timeout(_START_TIMEOUT_S):
                await producer.start()
                await producer.partitions_for(EVENTS.name)
        except (KafkaError, OSError, TimeoutError) as error:
            await producer.stop()
            raise UnavailableError(
                f"no Kafka broker at {kafka.bootstrap_servers} serves the topic {EVENTS.name}: {type(error).__name__}",
                hint=_START_HINT,
            ) from error
        self._producer = producer

    async def close(self) -> None:
        """Disconnects. A broker that is well takes what is in flight before that."""
        producer, self._producer = self._producer, None
        if producer is None:
            return
        try:
            async with asyncio.timeout(_CLOSE_TIMEOUT_S):
                await producer.stop()
        except TimeoutError:
            # `stop` waits for a broker that is away without end; this is the rest of it.
            await producer._sender.close()
            await producer.client.close()

    async def emit(self, event: SessionEvent) -> Receipt:
        """Publishes an event and waits until the broker has it.

        Raises:
            TerminalError: The event can't be published as it is.
            TransientError: The broker or the object store refused it; it may be emitted again.
        """
        return await (await self.send(event))

    async def send(self, event: SessionEvent) -> asyncio.Future[Receipt]:
        """Publishes an event; waits only while the buffer is full.

        Returns:
            The receipt to come. What goes wrong with it is raised by `flush` as well, so it need not be awaited.

        Raises:
            TerminalError: The event can't be published as it is.
            TransientError: The object store refused its line.
        """
        value = await self._value(event)
        await self._room.acquire()
        try:
            acknowledged = await self._produce(event, value)
        except BaseException:
            self._room.release()
            raise
        receipt: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        self._pending.add(receipt)
        event_id = event["event_id"]
        acknowledged.add_done_callback(lambda done: self._settle(event_id, done, receipt))
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
        """Waits until the broker has everything that was sent.

        Raises:
            TransientError: It refused an event since the last `flush`.
        """
        while self._pending:
            await asyncio.wait(self._pending)
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def _register_schema(self) -> int:
        registry = SchemaRegistry(self._settings.registry.url)
        try:
            return registry.register(EVENTS.subject, load_schema(EVENTS.schema))
        except RegistryError as error:
            hint = _START_HINT if error.status == 0 else None
            raise UnavailableError(f"{self._settings.registry.url}: {error}", hint=hint) from error
        finally:
            registry.close()

    async def _value(self, event: SessionEvent) -> bytes:
        limit = self._settings.capture.claim_bytes
        value = self._encode(event)
        if len(value) <= limit or event["payload"] is None:
            return value
        if event["payload"]["raw"] is not None:
            event, raw = with_reference(event)
            reference = event["payload"] and event["payload"]["reference"]
            assert reference is not None
            await self._claim_store().put(reference["key"], raw)
            value = self._encode(event)
        length = limit // 2
        while len(value) > limit and length >= SHORTEST_CUT:
            value = self._encode(cut(event, length))
            length //= 2
        return value

    def _claim_store(self) -> ClaimStore:
        if self._claims is None:
            self._claims = ClaimStore(self._settings.s3)
        return self._claims

    def _encode(self, event: SessionEvent) -> bytes:
        assert self._encoder is not None, "open the emitter first"
        try:
            return self._encoder.encode(event)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise TerminalError(
                f"event {event.get('event_id')} does not fit the schema {EVENTS.schema}: {type(error).__name__}"
            ) from error

    async def _produce(self, event: SessionEvent, value: bytes) -> asyncio.Future[Any]:
        key = event["session_id"].encode("utf-8")
        headers = headers_of(event)
        while True:
            try:
                acknowledged: asyncio.Future[Any] = await self._producer.send(
                    EVENTS.name, value, key=key, partition=_partition_of(key), headers=headers
                )
            except KafkaTimeoutError:
                log.warning(
                    "the broker takes no events, waiting", bootstrap_servers=self._settings.kafka.bootstrap_servers
                )
            except KafkaError as error:
                raise _refusal(event["event_id"], error) from error
            else:
                return acknowledged

    def _settle(self, event_id: str, done: asyncio.Future[Any], receipt: asyncio.Future[Receipt]) -> None:
        self._room.release()
        self._pending.discard(receipt)
        error = None if done.cancelled() else done.exception()
        if receipt.cancelled():
            return
        if done.cancelled():
            receipt.cancel()
        elif error is None:
            metadata = done.result()
            receipt.set_result(Receipt(event_id, metadata.topic, metadata.partition, metadata.offset))
        else:
            self._failure = self._failure or _refusal(event_id, error)
            receipt.set_exception(_refusal(event_id, error))
            # Retrieved: `flush` raises it for whoever does not await the receipt.
            receipt.exception()


# The same few sessions come again and again, and aiokafka hashes in Python.
@lru_cache(maxsize=4096)
def _partition_of(key: bytes) -> int:
    """Where Kafka's default partitioner puts a key."""
    return int(murmur2(key) & 0x7FFFFFFF) % EVENTS.partitions


def _refusal(event_id: str, error: BaseException) -> TransientError | TerminalError:
    if isinstance(error, MessageSizeTooLargeError):
        return TerminalError(f"event {event_id} is larger than the broker takes")
    return TransientError(f"the broker refused event {event_id}: {type(error).__name__}")
