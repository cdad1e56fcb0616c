"""The SDK: publishes session events to the log, and says where each one stands there."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from types import TracebackType
from typing import Any, Self

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, KafkaTimeoutError, MessageSizeTooLargeError
from aiokafka.partitioner import murmur2

from producers.claims import SHORTEST_CUT, ClaimStore, cut, with_reference
from producers.transcript import Transcript, TranscriptSource, head_event
from schemas.avro import load_schema
from schemas.codec import Encoder
from schemas.records import SessionEvent
from schemas.registry import RegistryError, SchemaRegistry
from schemas.topics import EVENTS
from sessiontrack.errors import TerminalError, TransientError, UnavailableError, UsageError
from sessiontrack.settings import Settings, get_settings

# A broker on the same machine answers in milliseconds; one that starts takes some seconds.
_START_TIMEOUT_S = 10.0
# One partition's part of a request. An import fills it; a single event is sent without waiting for more.
_BATCH_BYTES = 1024 * 1024
# What headers, key and framing add to a value, generously.
_RECORD_OVERHEAD = 64 * 1024
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_START_HINT = "Start the stack with `sessiontrack up`."

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Receipt:
    """The broker has the event.

    Attributes:
        event_id: Which event.
        topic: Its topic.
        partition: Its partition.
        offset: Its offset there; -1 where the broker took a repeated request and no longer knew.
    """

    event_id: str
    topic: str
    partition: int
    offset: int


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
        """Disconnects, after what is in flight has been taken."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await producer.stop()

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
        return TranscriptWriter(self, source)

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


class TranscriptWriter:
    """Publishes the lines of one transcript, from its first line on.

    Args:
        emitter: Takes the events.
        source: Whose transcript it is.
    """

    def __init__(self, emitter: SessionEmitter, source: TranscriptSource) -> None:
        self._emitter = emitter
        self._transcript = Transcript(source)

    async def append(self, line: bytes | str) -> Receipt:
        """Publishes the next line and waits until the broker has it.

        Args:
            line: One JSON object, say; it gets a line end where it has none.

        Raises:
            UsageError: It is more than one line.
            TerminalError: It can't be published.
            TransientError: The broker or the object store refused it.
        """
        data = line.encode("utf-8", "surrogatepass") if isinstance(line, str) else line
        terminated = data if data.endswith(b"\n") else data + b"\n"
        if terminated.count(b"\n") != 1:
            raise UsageError("a line holds a line end", hint="Append each line by itself.")
        return await self._emitter.emit(self._transcript.append(terminated, captured_at=_now_ms()))

    async def close(self) -> Receipt:
        """Publishes the head, which proves that the transcript is whole."""
        head = head_event(
            self._transcript.source,
            self._transcript.position,
            reason="CLOSED",
            state="LIVE",
            captured_at=_now_ms(),
        )
        return await self._emitter.emit(head)


def headers_of(event: SessionEvent) -> list[tuple[str, bytes]]:
    """Kafka headers of an event: CloudEvents 1.0, binary mode.

    Source: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md
    """
    time = (_EPOCH + timedelta(milliseconds=event["occurred_at"])).isoformat(timespec="milliseconds")
    return [
        ("ce_specversion", b"1.0"),
        ("ce_id", event["event_id"].encode()),
        ("ce_source", f"sessiontrack/{event['family']}".encode()),
        ("ce_type", f"sessiontrack.{event['kind'].lower()}".encode()),
        ("ce_time", time.encode()),
        ("ce_subject", event["session_id"].encode()),
        ("content-type", b"application/avro"),
    ]


# The same few sessions come again and again, and aiokafka hashes in Python.
@lru_cache(maxsize=4096)
def _partition_of(key: bytes) -> int:
    """Where Kafka's default partitioner puts a key."""
    return int(murmur2(key) & 0x7FFFFFFF) % EVENTS.partitions


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _refusal(event_id: str, error: BaseException) -> TransientError | TerminalError:
    if isinstance(error, MessageSizeTooLargeError):
        return TerminalError(f"event {event_id} is larger than the broker takes")
    return TransientError(f"the broker refused event {event_id}: {type(error).__name__}")
