"""What the engine asks of every sink. A sink's tests inherit a suite and say how its store is made and read."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import pytest

from consumers.batching import latest
from consumers.sink import Offsets, Received, Sink
from sessiontrack.errors import TransientError
from sessiontrack.settings import Settings


async def settled(sink: Sink, batch: Sequence[Received], written: Offsets) -> Offsets:
    """The offsets once all of a batch is durable: a sink may hold records back until it is idle."""
    ends = latest(*({record.partition: record.offset + 1} for record in batch))
    async with asyncio.timeout(30):
        while latest(written) != ends:
            await asyncio.sleep(0.05)
            written = latest(written, await sink.idle())
    return written


class SinkContract(ABC):
    """Behaviour of every sink."""

    @abstractmethod
    def make_sink(self, settings: Settings) -> Sink:
        """A sink that is not opened yet; each call is a restart of the worker."""

    @abstractmethod
    def batch(self) -> Sequence[Received]:
        """Some records of the topics that the sink reads; equal ones at each call of one test."""

    @abstractmethod
    async def stored(self, settings: Settings) -> Any:
        """What the store holds of the batch; comparable, and false where it holds nothing."""

    @abstractmethod
    def unreachable(self, settings: Settings) -> Settings:
        """Settings with which nothing answers."""

    async def test_what_is_committed_is_in_the_store(self, settings: Settings) -> None:
        await self._write(settings, self.batch())
        assert await self.stored(settings)

    async def test_a_batch_that_comes_again_changes_nothing(self, settings: Settings) -> None:
        batch = self.batch()
        await self._write(settings, batch, batch)
        once = await self.stored(settings)
        await self._write(settings, batch)  # after a restart
        assert await self.stored(settings) == once

    @pytest.mark.parametrize("cut", [1, -1], ids=["first record", "all but the last"])
    async def test_a_batch_that_comes_again_in_part_changes_nothing(self, settings: Settings, cut: int) -> None:
        batch = self.batch()
        await self._write(settings, batch[:cut])
        await self._write(settings, batch)
        in_parts = await self.stored(settings)
        await self._write(settings, batch)
        assert await self.stored(settings) == in_parts

    async def test_a_store_that_is_away_is_transient(self, settings: Settings) -> None:
        with pytest.raises(TransientError):
            await self._write(self.unreachable(settings), self.batch())

    async def test_it_begins_at_what_is_committed_or_before(self, settings: Settings) -> None:
        sink = self.make_sink(settings)
        [partition, *_] = {record.partition for record in self.batch()}
        assert all(0 <= sink.start_offset(partition, committed) <= committed for committed in (0, 1, 4095, 4096, 10**9))
        await sink.close()

    async def _write(self, settings: Settings, *batches: Sequence[Received]) -> None:
        sink = self.make_sink(settings)
        try:
            await sink.open()
            for batch in batches:
                written = await settled(sink, batch, await sink.write(batch))
                assert all(offset > 0 for offset in written.values())
        finally:
            await sink.close()


class VersionedSinkContract(SinkContract):
    """Behaviour of a sink whose records replace one another by version."""

    @abstractmethod
    def versions(self) -> tuple[Received, Received]:
        """An older and a newer record of the same key, at consecutive offsets."""

    async def test_an_older_version_that_comes_late_changes_nothing(self, settings: Settings) -> None:
        older, newer = self.versions()
        await self._write(settings, [newer])
        alone = await self.stored(settings)
        await self._write(settings, [older])
        assert await self.stored(settings) == alone

    async def test_the_newest_version_in_a_batch_counts(self, settings: Settings) -> None:
        older, newer = self.versions()
        await self._write(settings, [newer])
        alone = await self.stored(settings)
        await self._write(settings, [older, newer])
        await self._write(settings, [newer, older])
        assert await self.stored(settings) == alone
