"""Events as they come into the log, from a place on that a reader may come back to."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from queries.archive import partition_of
from schemas.codec import CodecError, Decoder
from schemas.records import SessionEvent
from schemas.registry import RegistryError, SchemaRegistry
from schemas.topics import EVENTS
from sessiontrack.errors import UnavailableError, UsageError
from sessiontrack.settings import Settings

# Read ahead of a reader, of each partition: he is to wait at the log, not with a copy of it here.
_FETCH_BYTES = 256 * 1024
_POLL_RECORDS = 200
_POLL_MS = 1_000
_START_S = 10.0
_POSITION = re.compile(r"\d{1,3}:\d{1,18}(,\d{1,3}:\d{1,18})*")


@dataclass(frozen=True, slots=True)
class Live:
    """Something that a reader of the log is told.

    Attributes:
        kind: `ready` (it is being read from here on), `event`, or `gap`: the log does not keep what came after the
            place to go on from, and goes on with what it has.
        position: Where to go on after this.
        event: The event.
    """

    kind: Literal["ready", "event", "gap"]
    position: str
    event: SessionEvent | None = None


class LiveLog:
    """Reads the log for many readers, each with a connection of his own: the log itself holds what he has not read yet.

    Args:
        settings: Where Kafka and the registry are.
    """

    def __init__(self, settings: Settings) -> None:
        self._servers = settings.kafka.bootstrap_servers
        self._registry = SchemaRegistry(settings.registry.url)
        self._decoder = Decoder(EVENTS.schema, self._registry.schema)

    def close(self) -> None:
        """Disconnects from the registry."""
        self._registry.close()

    async def events(self, session_id: str | None = None, after: str | None = None) -> AsyncGenerator[Live]:
        """The events of one session or of all, without end.

        Args:
            session_id: Only this session's.
            after: The position of the last event that was read; without it, what comes from now on.

        Raises:
            UsageError: `after` is no position, or not one in this session's partition.
            UnavailableError: Kafka or the registry does not answer.
        """
        wanted = _partitions(session_id)
        known = checked_position(after, session_id) if after is not None else {}
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._servers,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=_FETCH_BYTES,
            fetch_max_bytes=_FETCH_BYTES * 4,
            max_poll_records=_POLL_RECORDS,
        )
        try:
            async with asyncio.timeout(_START_S):
                await consumer.start()
                nexts, torn = await _seek(consumer, [TopicPartition(EVENTS.name, each) for each in wanted], known)
            yield Live("gap" if torn else "ready", render_position(nexts))
            key = None if session_id is None else session_id.encode()
            while True:
                polled = await consumer.getmany(timeout_ms=_POLL_MS)
                for partition, records in polled.items():
                    # In a thread: the first record of a schema asks the registry for it.
                    for offset, event in await asyncio.to_thread(self._decoded, records, key):
                        nexts[partition.partition] = offset + 1
                        yield Live("event", render_position(nexts), event)
        except (KafkaError, RegistryError, OSError, TimeoutError) as error:
            raise UnavailableError(
                f"the log at {self._servers} can't be read: {type(error).__name__}",
                hint="Start the stack with `sessiontrack up`.",
            ) from error
        finally:
            await consumer.stop()

    def _decoded(self, records: list[Any], key: bytes | None) -> list[tuple[int, SessionEvent]]:
        """The events among records; what does not decode is a dead letter elsewhere."""
        found = []
        for record in records:
            if record.value is None or (key is not None and record.key != key):
                continue
            try:
                found.append((record.offset, self._decoder.decode(record.value)))
            except CodecError:
                continue
        return found


def checked_position(text: str, session_id: str | None) -> dict[int, int]:
    """The next offset of each partition that a position names.

    Raises:
        UsageError: It is no position, or one of other partitions.
    """
    hint = "Give back the `id` of the last event that was read, as it was."
    if not _POSITION.fullmatch(text):
        raise UsageError("this is no position in the log", hint=hint)
    named = {int(partition): int(offset) for partition, offset in (each.split(":") for each in text.split(","))}
    found = {partition: named[partition] for partition in _partitions(session_id) if partition in named}
    if not found:
        raise UsageError("this is a position of another session", hint=hint)
    return found


def render_position(nexts: Mapping[int, int]) -> str:
    """The position of these next offsets."""
    return ",".join(f"{partition}:{offset}" for partition, offset in sorted(nexts.items()))


def _partitions(session_id: str | None) -> list[int]:
    return list(range(EVENTS.partitions)) if session_id is None else [partition_of(session_id)]


async def _seek(
    consumer: AIOKafkaConsumer, partitions: list[TopicPartition], known: Mapping[int, int]
) -> tuple[dict[int, int], bool]:
    """Places the consumer; returns the next offsets, and whether something before them is not kept any more."""
    consumer.assign(partitions)
    begins, ends = await consumer.beginning_offsets(partitions), await consumer.end_offsets(partitions)
    nexts: dict[int, int] = {}
    torn = False
    for each in partitions:
        wanted = known.get(each.partition, ends[each])
        # Beyond the end: another log has begun in its place.
        offset = wanted if begins[each] <= wanted <= ends[each] else begins[each]
        torn = torn or offset != wanted
        consumer.seek(each, offset)
        nexts[each.partition] = offset
    return nexts, torn
