"""How far each consumer group is behind the topics that it reads."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from schemas.topics import DERIVED, EMBEDDED, EVENTS, MESSAGES, Topic
from schemas.vectors import space_slug
from sessiontrack.errors import UnavailableError
from sessiontrack.providers.spaces import embedding_space
from sessiontrack.settings import Settings

# A record that is there comes at once; one that was deleted meanwhile never does.
_LOOK_MS = 500
_LONGEST_LOOK_S = 5.0

# What each worker reads.
READS: Mapping[str, tuple[Topic, ...]] = {
    "streams": (EVENTS,),
    "archive": (EVENTS,),
    "postgres": (EVENTS, *DERIVED),
    "opensearch": DERIVED,
    "embed": (MESSAGES,),
    "opensearch-vectors": EMBEDDED,
    "postgres-vectors": EMBEDDED,
    "pinecone": EMBEDDED,
}
_OF_VECTORS = frozenset({"embed", "opensearch-vectors", "postgres-vectors", "pinecone"})


def group_of(worker: str, settings: Settings) -> str:
    """The consumer group of a worker: `embed` has one for each space."""
    space = f".{space_slug(embedding_space(settings.embedding))}" if worker == "embed" else ""
    return f"sessiontrack.{worker}{space}"


@dataclass(frozen=True)
class GroupPosition:
    """Where a consumer group stands.

    Attributes:
        worker: The worker whose group it is.
        committed: Records it is done with, over all partitions since the topics began.
        lag: Records in its topics that it is not done with.
    """

    worker: str
    committed: int
    lag: int


class LogPositions:
    """Reads offsets of topics and groups, over one connection."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._servers = settings.kafka.bootstrap_servers

    async def __aenter__(self) -> LogPositions:
        self._consumer = AIOKafkaConsumer(bootstrap_servers=self._servers, enable_auto_commit=False)
        self._admin = AIOKafkaAdminClient(bootstrap_servers=self._servers)
        try:
            await self._consumer.start()
            await self._admin.start()
        except (KafkaError, OSError) as error:
            await self.__aexit__()
            raise UnavailableError(
                f"Kafka at {self._servers} does not answer", hint="Start the stack with `sessiontrack up`."
            ) from error
        except asyncio.CancelledError:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self._consumer.stop()
        await self._admin.close()

    async def ends(self, topics: Iterable[Topic]) -> dict[TopicPartition, int]:
        """The end offset of each partition: the offset that its next record will have."""
        partitions = [TopicPartition(topic.name, number) for topic in topics for number in range(topic.partitions)]
        return dict(await self._consumer.end_offsets(partitions))

    async def begins(self, topics: Iterable[Topic]) -> dict[TopicPartition, int]:
        """The first offset that each partition still keeps."""
        partitions = [TopicPartition(topic.name, number) for topic in topics for number in range(topic.partitions)]
        return dict(await self._consumer.beginning_offsets(partitions))

    async def committed(self, worker: str) -> dict[TopicPartition, int]:
        """The offset that a worker's group reads next, for each partition that it committed."""
        offsets = await self._admin.list_consumer_group_offsets(group_of(worker, self._settings))
        return {partition: committed.offset for partition, committed in offsets.items() if committed.offset >= 0}

    async def group(self, worker: str) -> GroupPosition:
        """Where a worker's group stands."""
        ends, begins, committed = await asyncio.gather(
            self.ends(READS[worker]), self.begins(READS[worker]), self.committed(worker)
        )
        lag = sum(end - max(committed.get(partition, 0), begins[partition]) for partition, end in ends.items())
        return GroupPosition(worker, sum(committed.get(partition, 0) for partition in ends), max(0, lag))

    async def watermark(self, worker: str) -> Watermark:
        """Up to what time a worker is done."""
        as_of_ms = time.time_ns() // 1_000_000
        committed, begins = await self.committed(worker), await self.begins(READS[worker])
        ends = await self.ends(READS[worker])
        nexts = {partition: max(committed.get(partition, 0), begins[partition]) for partition in ends}
        oldest = await self._timestamps({each: offset for each, offset in nexts.items() if offset < ends[each]})
        topics: dict[str, int] = {}
        for partition, offset in nexts.items():
            complete = as_of_ms if offset >= ends[partition] else oldest.get(partition)
            topics[partition.topic] = min(topics.get(partition.topic, as_of_ms), -1 if complete is None else complete)
        return Watermark(worker, {topic: complete for topic, complete in topics.items() if complete >= 0})

    async def _timestamps(self, offsets: Mapping[TopicPartition, int]) -> dict[TopicPartition, int]:
        """The time of the first record of each partition from an offset on, epoch milliseconds."""
        found: dict[TopicPartition, int] = {}
        deadline = time.monotonic() + _LONGEST_LOOK_S
        while (left := offsets.keys() - found.keys()) and time.monotonic() < deadline:
            self._consumer.assign(list(left))
            for partition in left:
                self._consumer.seek(partition, offsets[partition])
            polled = await self._consumer.getmany(timeout_ms=_LOOK_MS)
            found |= {partition: records[0].timestamp for partition, records in polled.items() if records}
        return found


@dataclass(frozen=True)
class Watermark:
    """Up to what time a worker is done with everything.

    Attributes:
        worker: The worker.
        topics: Of each topic that it reads, epoch milliseconds: the time of its oldest record that is not processed
            yet, and where there is none the time at which that was so. A topic whose record can't be read is left out.
    """

    worker: str
    topics: Mapping[str, int]

    @property
    def earliest(self) -> int | None:
        """Up to what time everything of all topics is processed; None where it is not known."""
        return min(self.topics.values(), default=None) if len(self.topics) == len(READS[self.worker]) else None


async def watermarks(settings: Settings) -> list[Watermark]:
    """Up to what time each worker is done.

    Raises:
        UnavailableError: Kafka does not answer.
    """
    async with LogPositions(settings) as positions:
        return [await positions.watermark(worker) for worker in _wanted(settings)]


async def group_positions(settings: Settings) -> list[GroupPosition]:
    """Where each worker's group stands.

    Raises:
        UnavailableError: Kafka does not answer.
    """
    async with LogPositions(settings) as positions:
        return [await positions.group(worker) for worker in _wanted(settings)]


async def positions_and_watermarks(settings: Settings) -> list[tuple[GroupPosition, Watermark]]:
    """Both of each worker.

    Raises:
        UnavailableError: Kafka does not answer.
    """
    async with LogPositions(settings) as positions:
        return [(await positions.group(worker), await positions.watermark(worker)) for worker in _wanted(settings)]


def _wanted(settings: Settings) -> list[str]:
    unwanted = set() if settings.pinecone.host else {"pinecone"}
    if not settings.embedding.enabled:
        unwanted |= _OF_VECTORS
    return [worker for worker in READS if worker not in unwanted]
