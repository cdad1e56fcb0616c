"""How far each consumer group is behind the topics that it reads."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from schemas.topics import DERIVED, EVENTS, Topic
from sessiontrack.errors import UnavailableError
from sessiontrack.settings import Settings

# What each worker reads; its consumer group is `sessiontrack.<worker>`.
READS: Mapping[str, tuple[Topic, ...]] = {
    "streams": (EVENTS,),
    "archive": (EVENTS,),
    "postgres": (EVENTS, *DERIVED),
    "opensearch": DERIVED,
}


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
        offsets = await self._admin.list_consumer_group_offsets(f"sessiontrack.{worker}")
        return {partition: committed.offset for partition, committed in offsets.items() if committed.offset >= 0}

    async def group(self, worker: str) -> GroupPosition:
        """Where a worker's group stands."""
        ends, begins, committed = await asyncio.gather(
            self.ends(READS[worker]), self.begins(READS[worker]), self.committed(worker)
        )
        lag = sum(end - max(committed.get(partition, 0), begins[partition]) for partition, end in ends.items())
        return GroupPosition(worker, sum(committed.get(partition, 0) for partition in ends), max(0, lag))


async def group_positions(settings: Settings) -> list[GroupPosition]:
    """Where each worker's group stands.

    Raises:
        UnavailableError: Kafka does not answer.
    """
    async with LogPositions(settings) as positions:
        return [await positions.group(worker) for worker in READS]
