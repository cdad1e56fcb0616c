"""A new generation of the indexes of OpenSearch."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from consumers.opensearch.bulk import Operation, operation
from consumers.opensearch.documents import dataset_of
from consumers.opensearch.refreshing import NeverRefreshing
from consumers.opensearch.sink import OpenSearchSink
from consumers.sink import Offsets, Received
from infra.opensearch import generations
from infra.opensearch.setup import DATASETS
from operations.rebuild.target import Marks, Standing
from queries.opensearch import connected
from sessiontrack.settings import Settings


class OpenSearchTarget:
    """The indexes `…-<number>`, written by the sink itself through aliases of their own."""

    name = OpenSearchSink.name
    topics = OpenSearchSink.topics

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._filling = generations.being_filled(settings)
        self._sink = OpenSearchSink(self._filling, NeverRefreshing())

    def standing(self, marks: Marks) -> Standing:
        """In use where the aliases stand for it; absent where one of its indexes is missing."""
        with connected(self._settings) as client:
            live = generations.live_generation(client, self._settings.opensearch)
            filling = generations.live_generation(client, self._filling.opensearch)
        if marks and live == marks["indexes"]:
            return Standing.IN_USE
        return Standing.FILLING if filling and (not marks or filling == marks["indexes"]) else Standing.ABSENT

    def prepare(self) -> Marks:
        """Makes the indexes from the templates as they are now."""
        with connected(self._settings) as client:
            indexes = generations.next_generation(client, self._settings.opensearch)
            generations.create_generation(client, self._settings, indexes)
            old = generations.live_generation(client, self._settings.opensearch)
        return {"indexes": indexes, "old": old}

    async def open(self) -> None:
        """Connects the sink."""
        await self._sink.open()

    def project(self, topic: str, key: bytes, record: Any) -> Operation:
        """The operation of a record."""
        return operation(topic, key, record, self._filling.opensearch)

    async def write(self, batch: Sequence[Received]) -> Offsets:
        """Sends a batch."""
        return await self._sink.write(batch)

    def settle(self) -> None:
        """Nothing: a refresh takes moments."""

    @asynccontextmanager
    async def still(self, marks: Marks) -> AsyncIterator[None]:
        """Refuses writes to the old generation; if this process is killed, until the sink finds that out."""
        try:
            await asyncio.to_thread(self._block, marks)
            yield
        finally:
            await asyncio.to_thread(self._allow, marks)

    async def counts(self, marks: Marks) -> Mapping[str, int]:
        """Documents, after a refresh."""
        by_dataset = await asyncio.to_thread(self._finish, marks)
        return {topic.name: by_dataset[dataset_of(topic.name)] for topic in self.topics}

    async def swap(self, marks: Marks, *, keep_old: bool) -> None:
        """One request for all aliases."""
        await asyncio.to_thread(self._swap, marks, keep_old)

    def release(self) -> None:
        """Takes writes to every generation again."""
        target = self._settings.opensearch
        with connected(self._settings) as client:
            generations.allow_writes(client, [f"{target.alias(dataset)}-*" for dataset in DATASETS])

    def clear(self) -> None:
        """Deletes the indexes that were swapped out, as soon as nobody reads them."""
        with connected(self._settings) as client:
            generations.delete_retired(client, self._settings.opensearch, time.sleep)

    def discard(self) -> None:
        """Deletes what stands under the aliases of a new generation."""
        with connected(self._settings) as client:
            generations.delete_generation(client, generations.live_generation(client, self._filling.opensearch))

    async def close(self) -> None:
        """Disconnects the sink."""
        await self._sink.close()

    def _block(self, marks: Marks) -> None:
        with connected(self._settings) as client:
            generations.block_writes(client, marks["old"].values())

    def _allow(self, marks: Marks) -> None:
        with connected(self._settings) as client:
            generations.allow_writes(client, marks["old"].values())

    def _finish(self, marks: Marks) -> dict[str, int]:
        with connected(self._settings) as client:
            return generations.finish_generation(client, self._settings.opensearch, marks["indexes"])

    def _swap(self, marks: Marks, keep_old: bool) -> None:
        with connected(self._settings) as client:
            generations.swap_generation(client, self._settings, marks["old"], marks["indexes"], keep_old=keep_old)
