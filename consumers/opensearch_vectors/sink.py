"""Writes passages and sessions as vectors to OpenSearch: the sink `opensearch-vectors`.

A sink of its own, because building the graphs of a vector index takes many times as long as indexing text: a search for
words never waits for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from consumers.embedded import embedded
from consumers.opensearch.bulk import combined
from consumers.opensearch.refreshing import RefreshInterval
from consumers.opensearch.writing import BulkWriter
from consumers.opensearch_vectors.operations import Projected, operations, projected
from consumers.sink import Offsets, Partition, Received, ends
from infra.opensearch.vectors import DATASETS, dataset_in, known_spaces, make_space
from schemas.codec import Decoder
from schemas.topics import EMBEDDED, Topic
from sessiontrack.errors import TransientError
from sessiontrack.settings import Settings


class OpenSearchVectorSink:
    """One document for each record in the index of its space, with the record's version as external version."""

    name = "opensearch-vectors"
    topics: Sequence[Topic] = EMBEDDED

    def __init__(self, settings: Settings) -> None:
        self._target = settings.opensearch
        self._refreshing = RefreshInterval(settings.opensearch.refresh_interval, settings.sink.batch_records // 2)
        self._writer: BulkWriter | None = None
        self._spaces: set[str] = set()

    async def open(self) -> None:
        """Connects, and sees what spaces there are."""
        self._writer = self._writer or BulkWriter(self._target, self._refreshing)
        await self._take_up(await self._known_spaces())

    def start_offset(self, partition: Partition, committed: int) -> int:
        """Where the group stands."""
        return committed

    def project(self, received: Received, decoder: Decoder) -> Projected:
        """The operation of a record, encoded."""
        return projected(embedded(received, decoder), self._target)

    async def write(self, batch: Sequence[Received]) -> Offsets:
        """Sends the batch, to indexes that are made before the first record of their space."""
        records: list[Projected] = [received.projection for received in batch]
        try:
            await self._write(records)
        except TransientError:
            # An index may have been deleted: the next try looks, and makes it again.
            self._spaces = set()
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

    async def _write(self, records: Sequence[Projected]) -> None:
        assert self._writer
        for space in {each.space for each in records if each.operation and each.space} - self._spaces:
            await self._writer.call(partial(make_space, target=self._target, space=space))
            await self._take_up(self._spaces | {space})
        if not all(each.operation for each in records):
            # What is to be deleted may be of a space that another worker made, whose partition came to this one.
            await self._take_up(await self._known_spaces())
        await self._writer.write(combined(operations(records, self._spaces, self._target)), len(records))

    async def _known_spaces(self) -> set[str]:
        assert self._writer
        return await self._writer.call(partial(known_spaces, target=self._target))

    async def _take_up(self, spaces: set[str]) -> None:
        assert self._writer
        if spaces != self._spaces:
            await self._writer.open(
                self._target.alias(dataset_in(space, dataset)) for space in spaces for dataset in DATASETS
            )
            self._spaces = spaces
