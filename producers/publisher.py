"""The way to the broker: one connection, over which events are published in the order of the calls."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Self

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaConnectionError, KafkaError, KafkaTimeoutError, MessageSizeTooLargeError
from aiokafka.partitioner import murmur2

from producers.claims import SHORTEST_CUT, ClaimStore, cut, with_reference
from producers.cloudevents import headers_of
from producers.receipt import Receipt
from schemas.avro import load_schema
from schemas.codec import Encoder
from schemas.records import SessionEvent
from schemas.registry import RegistryError, SchemaRegistry
from schemas.topics import EVENTS
from sessiontrack.errors import SessionTrackError, TerminalError, TransientError, UnavailableError
from sessiontrack.settings import Settings
from sessiontrack.traces.opening import open_traces

if TYPE_CHECKING:
    from sessiontrack.traces.traces import Traces

# A broker on the same machine answers in milliseconds; one that starts takes some seconds.
_START_TIMEOUT_S = 10.0
# As long as a broker may take to acknowledge what is in flight when the program ends.
_CLOSE_TIMEOUT_S = 5.0
_REGISTRY_TIMEOUT_S = 5.0
# One partition's part of a request. An import fills it; a single event is sent without waiting for more.
_BATCH_BYTES = 1024 * 1024
# Name of the traces' process: a capture, the API, a program that uses the SDK.
_SERVICE = "producers"
# What headers, key and framing add to a value, generously.
_RECORD_OVERHEAD = 64 * 1024
_START_HINT = "Start the stack with `sessiontrack up`."

log = structlog.get_logger(__name__)


class Publisher:
    """Publishes events; made by `connect`."""

    def __init__(self, settings: Settings, producer: Any, schema_id: int, traces: Traces | None) -> None:
        self._settings = settings
        self._traces = traces
        self._producer = producer
        self._encoder = Encoder(EVENTS.schema, schema_id)
        self._claims: ClaimStore | None = None

    @classmethod
    async def connect(cls, settings: Settings) -> Self:
        """Connects to the broker, and registers the schema.

        Raises:
            UnavailableError: The broker or the schema registry does not answer, or the topic is missing.
            SessionTrackError: The registry refuses the schema.
            UsageError: Traces are turned on, and what they need is not installed.
        """
        producer = await _started(settings)
        try:
            schema_id = await asyncio.to_thread(_register_schema, settings.registry.url)
            traces = open_traces(settings.traces, _SERVICE)
        except BaseException:
            await producer.stop()
            raise
        return cls(settings, producer, schema_id, traces)

    async def publish(self, event: SessionEvent) -> asyncio.Future[Receipt]:
        """Publishes an event; waits only while the connection takes no more.

        Returns:
            The receipt to come, or a TransientError or TerminalError in its place.

        Raises:
            TerminalError: The event can't be published as it is.
            TransientError: The broker refused it.
            LineRefusedError: The object store did not take its line.
            UnavailableError: It is large, and no object store is named that could take its line.
        """
        return await self.produce(event, await self._value(event))

    async def produce(self, event: SessionEvent, value: bytes) -> asyncio.Future[Receipt]:
        """Publishes an event that is encoded and small enough, as `publish` does."""
        key = event["session_id"].encode("utf-8")
        receipt: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        acknowledged = await self._produce(event, key, value)
        event_id = event["event_id"]
        acknowledged.add_done_callback(lambda done: _settle(event_id, done, receipt))
        return receipt

    def encode(self, event: SessionEvent) -> bytes:
        """The framed value.

        Raises:
            TerminalError: The event does not fit the schema.
        """
        return encoded(self._encoder, event)

    async def is_heard(self) -> bool:
        """Whether a broker answers."""
        try:
            await self._producer.client.fetch_all_metadata()
        except (KafkaError, OSError):
            return False
        return True

    async def close(self) -> None:
        """Disconnects. A broker that is well takes what is in flight before that."""
        try:
            async with asyncio.timeout(_CLOSE_TIMEOUT_S):
                await self._producer.stop()
        except TimeoutError:
            # `stop` waits for a broker that is away without end.
            await self.abandon()
        await self._close_traces()

    async def abandon(self) -> None:
        """Disconnects at once; the receipts of what is in flight fail."""
        await _torn_down(self._producer)
        await self._close_traces()

    async def _value(self, event: SessionEvent) -> bytes:
        limit = self._settings.capture.claim_bytes
        value = self.encode(event)
        if len(value) <= limit or event["payload"] is None:
            return value
        if event["payload"]["raw"] is not None:
            event, raw = with_reference(event)
            reference = event["payload"] and event["payload"]["reference"]
            assert reference is not None
            await self._claim_store().put(reference["key"], raw)
            value = self.encode(event)
        length = limit // 2
        while len(value) > limit and length >= SHORTEST_CUT:
            value = self.encode(cut(event, length))
            length //= 2
        return value

    def _claim_store(self) -> ClaimStore:
        if self._claims is None:
            self._claims = ClaimStore(self._settings.s3)
        return self._claims

    async def _close_traces(self) -> None:
        if self._traces:
            await asyncio.to_thread(self._traces.close)

    async def _produce(self, event: SessionEvent, key: bytes, value: bytes) -> asyncio.Future[Any]:
        headers, partition = headers_of(event), partition_of(key)
        trace = self._traces.publish(event, EVENTS.name, partition) if self._traces else None
        if trace:
            headers.append(trace.header)
        while True:
            try:
                acknowledged: asyncio.Future[Any] = await self._producer.send(
                    EVENTS.name, value, key=key, partition=partition, headers=headers
                )
            except KafkaTimeoutError:
                log.warning(
                    "the broker takes no events, waiting", bootstrap_servers=self._settings.kafka.bootstrap_servers
                )
            except KafkaError as error:
                if trace:
                    trace.fail(error)
                raise _refusal(event["event_id"], error) from error
            else:
                if trace:
                    acknowledged.add_done_callback(trace.settle)
                return acknowledged


def encoded(encoder: Encoder, event: SessionEvent) -> bytes:
    """The framed value of an event.

    Raises:
        TerminalError: The event does not fit the schema.
    """
    try:
        return encoder.encode(event)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise TerminalError(
            f"event {event.get('event_id')} does not fit the schema {EVENTS.schema}: {type(error).__name__}"
        ) from error


# The same few sessions come again and again, and aiokafka hashes in Python.
@lru_cache(maxsize=4096)
def partition_of(key: bytes) -> int:
    """Where Kafka's default partitioner puts a key."""
    return int(murmur2(key) & 0x7FFFFFFF) % EVENTS.partitions


async def _started(settings: Settings) -> Any:
    servers = settings.kafka.bootstrap_servers
    producer = AIOKafkaProducer(
        bootstrap_servers=servers,
        acks="all",
        enable_idempotence=True,
        compression_type="zstd",
        linger_ms=0,
        max_batch_size=_BATCH_BYTES,
        max_request_size=settings.capture.claim_bytes + _RECORD_OVERHEAD,
    )
    try:
        async with asyncio.timeout(_START_TIMEOUT_S):
            await producer.start()
            await producer.partitions_for(EVENTS.name)
    except BaseException as error:
        await producer.stop()
        if not isinstance(error, KafkaError | OSError | TimeoutError):
            raise
        raise UnavailableError(
            f"no Kafka broker at {servers} serves the topic {EVENTS.name}: {type(error).__name__}", hint=_START_HINT
        ) from error
    return producer


async def _torn_down(producer: Any) -> None:
    """Ends a producer that can't `stop`, for it would wait for a broker that is away."""
    # What is taken apart while its requests are out may raise anything; nothing depends on it any more.
    with suppress(Exception):
        async with asyncio.timeout(_CLOSE_TIMEOUT_S):
            # The connections first: everything else waits for answers.
            await producer.client.close()
            await producer._sender.close()
    with suppress(Exception):
        accumulator = producer._message_accumulator
        batches = [batch for waiting in accumulator._batches.values() for batch in waiting]
        accumulator._batches.clear()
        # Where its own callbacks look for batches that fail.
        accumulator._pending_batches.update(batches)
        # Wakes those who wait for room in a batch, too.
        accumulator.fail_all(KafkaConnectionError("abandoned"))
        for batch in batches:
            batch._drain_waiter.exception()
        async with asyncio.timeout(_CLOSE_TIMEOUT_S):
            await producer.stop()


def _register_schema(url: str) -> int:
    registry = SchemaRegistry(url, timeout_s=_REGISTRY_TIMEOUT_S)
    try:
        return registry.register(EVENTS.subject, load_schema(EVENTS.schema))
    except RegistryError as error:
        if error.status == 409:
            raise SessionTrackError(
                f"{url} holds a schema of events that this version's is not compatible with",
                hint="Use the version of SessionTrack that the other hosts have.",
            ) from error
        raise UnavailableError(f"{url}: {error}", hint=_START_HINT if error.status == 0 else None) from error
    finally:
        registry.close()


def _settle(event_id: str, done: asyncio.Future[Any], receipt: asyncio.Future[Receipt]) -> None:
    error = None if done.cancelled() else done.exception()
    if receipt.cancelled():
        return
    if done.cancelled():
        receipt.cancel()
    elif error is None:
        metadata = done.result()
        receipt.set_result(Receipt(event_id, metadata.topic, metadata.partition, metadata.offset))
    else:
        receipt.set_exception(_refusal(event_id, error))
        # Retrieved: whoever published it need not await the receipt.
        receipt.exception()


def _refusal(event_id: str, error: BaseException) -> TransientError | TerminalError:
    if isinstance(error, MessageSizeTooLargeError):
        return TerminalError(f"event {event_id} is larger than the broker takes")
    return TransientError(f"the broker refused event {event_id}: {type(error).__name__}")
