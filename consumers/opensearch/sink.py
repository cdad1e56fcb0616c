"""Writes sessions, messages and tool calls to OpenSearch: the sink `opensearch`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from opensearchpy import OpenSearch
from opensearchpy.exceptions import OpenSearchException, TransportError

from consumers.opensearch.bulk import Operation, blames_the_record, check, chunks, combined, even_bytes, operation
from consumers.opensearch.documents import dataset_of
from consumers.opensearch.interrupted_swap import end_interrupted_swap
from consumers.opensearch.refreshing import RefreshInterval
from consumers.sink import Offsets, Partition, Received, ends
from schemas.codec import Decoder
from schemas.topics import DERIVED, Topic
from sessiontrack.errors import SessionTrackError, TerminalError, TransientError
from sessiontrack.settings import Settings

# A merge or a pause of the collector may hold a bulk back for seconds; beyond this the connection counts as dead.
_TIMEOUT_S = 60
# Requests at a time: a second one keeps the engine busy while the first waits for the disk.
_REQUESTS = 2
_PARAMETERS = {
    # Without an alias OpenSearch may make an index of that name, with fields guessed.
    "require_alias": "true",
    # What an answer is checked for; the rest of it is longer than many a message.
    "filter_path": "errors,items.*._index,items.*._id,items.*.status,items.*.error",
}


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
        self._refresh_interval = ""  # what the indexes have, as far as is known
        self._client: OpenSearch | None = None
        self._requests = asyncio.Semaphore(_REQUESTS)

    async def open(self) -> None:
        """Connects, and sees that the aliases are there."""
        if self._client is None:
            # The engine retries, and counts it.
            self._client = OpenSearch(
                hosts=[self._target.url], timeout=_TIMEOUT_S, max_retries=0, pool_maxsize=_REQUESTS
            )
        for alias in self._aliases:
            if not await _call(self._client.indices.exists_alias, name=alias):
                raise TransientError(f"OpenSearch has no alias {alias}", hint="Start the stack with `sessiontrack up`.")
        # A worker that was killed while it caught up left another one.
        await self._refresh_every(self._refreshing.usual)

    def start_offset(self, partition: Partition, committed: int) -> int:
        """Where the group stands."""
        return committed

    def project(self, received: Received, decoder: Decoder) -> Operation:
        """The operation of a record, encoded."""
        record = None if received.value is None else decoder.decode(received.value)
        return operation(received.partition.topic, received.key, record, self._target)

    async def write(self, batch: Sequence[Received]) -> Offsets:
        """Sends the batch; OpenSearch has it on disk when it answers."""
        framed = combined(received.projection for received in batch)
        bodies = chunks(framed, even_bytes(framed, _REQUESTS))
        # All are waited for, so that none is still under way when the engine writes the batch again.
        for outcome in await asyncio.gather(*map(self._bulk, bodies), return_exceptions=True):
            if isinstance(outcome, TransientError):
                await self._end_interrupted_swap()
            if outcome is not None:
                raise outcome
        await self._refresh_every(self._refreshing.after(len(batch)))
        return ends(batch)

    async def idle(self) -> Offsets:
        """Nothing is held back."""
        await self._refresh_every(self._refreshing.after(0))
        return {}

    def revoked(self, partitions: Sequence[Partition]) -> None:
        """Nothing is held back."""

    async def close(self) -> None:
        """Disconnects."""
        if self._client is None:
            return
        with suppress(TransientError):  # the next worker does so too
            await self._refresh_every(self._refreshing.usual)
        self._client.close()
        self._client = None

    @property
    def _aliases(self) -> list[str]:
        return [self._target.alias(dataset_of(topic.name)) for topic in self.topics]

    async def _refresh_every(self, interval: str) -> None:
        if interval == self._refresh_interval:
            return
        assert self._client
        await _call(
            self._client.indices.put_settings,
            index=",".join(self._aliases),
            body={"index": {"refresh_interval": interval}},
        )
        self._refresh_interval = interval

    async def _end_interrupted_swap(self) -> None:
        assert self._client
        await _call(
            end_interrupted_swap, client=self._client, data_dir=self._data_dir, name=self.name, aliases=self._aliases
        )

    async def _bulk(self, body: bytes) -> None:
        assert self._client
        async with self._requests:
            check(await _call(self._client.bulk, body=body, params=_PARAMETERS))


async def _call(method: Callable[..., Any], **arguments: Any) -> Any:
    """Calls the client in a thread: encoding and sending megabytes would keep the event loop from its heartbeats."""
    try:
        return await asyncio.to_thread(method, **arguments)
    except OpenSearchException as error:
        raise _typed(error) from error


def _typed(error: OpenSearchException) -> SessionTrackError:
    if isinstance(error, TransportError) and isinstance(error.status_code, int):
        if blames_the_record(error.status_code):
            return TerminalError(f"OpenSearch refuses a bulk request: {error.error}")
        return TransientError(f"OpenSearch can't take a bulk request now: {error.status_code} {error.error}")
    return TransientError(f"OpenSearch does not answer: {type(error).__name__}")
