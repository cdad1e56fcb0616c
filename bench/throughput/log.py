"""The log between two measurements: groups back to the start, derived topics empty."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from infra.topics import create_topics
from schemas.topics import BY_NAME, Topic
from sessiontrack.errors import SessionTrackError, UnavailableError
from sessiontrack.settings import Settings

_ATTEMPTS, _PAUSE_S = 50, 0.2
# Several times what the broker waits for the heartbeat of a member.
_EMPTY_ATTEMPTS = 300


class Log:
    """Asks the broker where groups stand. An asynchronous context manager."""

    def __init__(self, settings: Settings) -> None:
        self._servers = settings.kafka.bootstrap_servers

    async def __aenter__(self) -> Log:
        self._consumer = AIOKafkaConsumer(bootstrap_servers=self._servers, enable_auto_commit=False)
        self._admin = AIOKafkaAdminClient(bootstrap_servers=self._servers)
        await self._consumer.start()
        await self._admin.start()
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self._consumer.stop()
        await self._admin.close()

    async def is_stable(self, group: str) -> bool:
        """Whether the group has members, and each knows its partitions."""
        return await self._state(group) == "Stable"

    async def until_empty(self, group: str) -> None:
        """Waits until the group has no members: those that did not say goodbye are missed after a while."""
        for _ in range(_EMPTY_ATTEMPTS):
            if await self._state(group) in ("Empty", "Dead"):
                return
            await asyncio.sleep(_PAUSE_S)
        raise UnavailableError(f"the group {group} still has members")

    async def lag(self, groups: Mapping[str, tuple[str, ...]]) -> int:
        """Records that the groups have not committed in their topics, as far as they are known to be there.

        Where this is zero for a group that fills the topics of another, it is zero for both: ends are asked for last.

        Args:
            groups: Topics by group.
        """
        committed = {group: await self._committed(group) for group in groups}
        ends = await self.ends({topic for topics in groups.values() for topic in topics})
        return sum(
            max(0, end - max(committed[group].get(place, 0), 0))
            for group, topics in groups.items()
            for place, end in ends.items()
            if place.topic in topics
        )

    async def ends(self, topics: Iterable[str]) -> dict[TopicPartition, int]:
        """The end offset of each partition."""
        return dict(await self._consumer.end_offsets(_places(topics)))

    async def topics(self) -> list[str]:
        """All topics."""
        return list(await self._admin.list_topics())

    async def delete_topics(self, topics: Iterable[str]) -> None:
        """Deletes topics, and waits until they are gone."""
        doomed = set(topics)
        if not doomed:
            return
        await self._admin.delete_topics(list(doomed))
        for _ in range(_ATTEMPTS):
            if not doomed & set(await self.topics()):
                return
            await asyncio.sleep(_PAUSE_S)
        raise UnavailableError(f"Kafka does not delete {', '.join(sorted(doomed))}")

    async def _state(self, group: str) -> str:
        [response] = await self._admin.describe_consumer_groups([group])
        [described] = response.to_object()["groups"]
        return str(described["state"])

    async def _committed(self, group: str) -> dict[TopicPartition, int]:
        offsets = await self._admin.list_consumer_group_offsets(group)
        return {place: committed.offset for place, committed in offsets.items()}


def rewind(settings: Settings, groups: Mapping[str, tuple[str, ...]]) -> None:
    """Groups begin again with the first record of their topics, once they have no members."""

    async def run() -> None:
        async with Log(settings) as log:
            for group in groups:
                await log.until_empty(group)
        for group, topics in groups.items():
            consumer = AIOKafkaConsumer(
                bootstrap_servers=settings.kafka.bootstrap_servers, group_id=group, enable_auto_commit=False
            )
            await consumer.start()
            try:
                consumer.assign(_places(topics))
                await consumer.commit(dict.fromkeys(_places(topics), 0))
            finally:
                await consumer.stop()

    asyncio.run(run())


def empty_topics(settings: Settings, topics: Iterable[Topic]) -> None:
    """Makes topics anew, and deletes the changelog of the streams, who read or filled them."""
    asyncio.run(_delete(settings, {topic.name for topic in topics}, "sessiontrack.streams-"))
    until = time.monotonic() + _ATTEMPTS * _PAUSE_S
    while True:
        try:
            return create_topics(settings.kafka)
        except SessionTrackError:
            # A name is free a moment after its topic is listed no more.
            if time.monotonic() > until:
                raise
        time.sleep(_PAUSE_S)


def delete_prefixed(settings: Settings, prefix: str) -> None:
    """Deletes the topics whose names begin so."""
    asyncio.run(_delete(settings, set(), prefix))


async def _delete(settings: Settings, names: set[str], prefix: str) -> None:
    async with Log(settings) as log:
        present = await log.topics()
        await log.delete_topics(name for name in present if name in names or name.startswith(prefix))


def _places(topics: Iterable[str]) -> list[TopicPartition]:
    return [TopicPartition(topic, number) for topic in topics for number in range(BY_NAME[topic].partitions)]
