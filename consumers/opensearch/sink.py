"""Writes sessions, messages and tool calls to OpenSearch: the sink `opensearch`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from opensearchpy import OpenSearch

from consumers.opensearch.bulk import Operation, combined, operation
from consumers.opensearch.documents import dataset_of
from consumers.opensearch.interrupted_swap import end_interrupted_swap
from consumers.opensearch.refreshing import RefreshInterval
from consumers.opensearch.writing import BulkWriter
from consumers.sink import Offsets, Partition, Received, ends
from schemas.codec import Decoder
from schemas.topics import DERIVED, Topic
from sessiontrack.errors import TransientError
from sessiontrack.settings import Settings


class OpenSearchSink:
    """One document for each record, with the record's version as external version: a repeat changes nothing."""

    name = "opensearch"
    topics: Sequence[Topic] = DERIVED

    def __init__(self, settings: Settings, refreshing: RefreshInterval | None = None) -> None:
        self._target = settings.opensearch
        self._data_dir = settings.data_dir
        self._refreshing = refreshing or RefreshInterval(
            settings.opensearch.refresh_interval, settings.sink.batch_records // 2
        )
        self._writer: BulkWriter | None = None

    async def open(self) -> None:
        """Connects, and sees that the aliases are there."""
        writer = self._writer = self._writer or BulkWriter(self._target, self._refreshing)
        for alias in self._aliases:
            if not await writer.call(partial(_exists, alias=alias)):
                raise TransientError(f"OpenSearch has no alias {alias}", hint="Start the stack with `sessiontrack up`.")
        await writer.open(self._aliases)

    def start_offset(self, partition: Partition, committed: int) -> int:
        """Where the group stands."""
        return committed

    def project(self, received: Received, decoder: Decoder) -> Operation:
        """The operation of a record, encoded."""
        record = None if received.value is None else decoder.decode(received.value)
        return operation(received.partition.topic, received.key, record, self._target)

    async def write(self, batch: Sequence[Received]) -> Offsets:
        """Sends the batch; OpenSearch has it on disk when it answers."""
        assert self._writer
        try:
            await self._writer.write(combined(received.projection for received in batch), len(batch))
        except TransientError:
            await self._writer.call(
                partial(end_interrupted_swap, data_dir=self._data_dir, name=self.name, aliases=self._aliases)
            )
            raise
        return ends(batch)

    async def idle(self) -> Offsets:
        """Nothing is held back."""
        assert self._writer
        await self._writer.idle()
        return {}

    def revoked(self, partitions: Sequence[Partition]) -> None:
        """Nothing is held back."""

    async def close(self) -> None:
        """Disconnects."""
        if self._writer is not None:
            await self._writer.close()
            self._writer = None

    @property
    def _aliases(self) -> list[str]:
        return [self._target.alias(dataset_of(topic.name)) for topic in self.topics]


def _exists(client: OpenSearch, alias: str) -> bool:
    return bool(client.indices.exists_alias(name=alias))
