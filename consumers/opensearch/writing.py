"""A sink's connection to OpenSearch: bulk requests, several at a time, and how soon what they wrote is found."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import TypeVar

from opensearchpy import OpenSearch
from opensearchpy.exceptions import OpenSearchException, TransportError

from consumers.opensearch.bulk import blames_the_record, check, chunks, even_bytes
from consumers.opensearch.refreshing import RefreshInterval
from sessiontrack.errors import TerminalError, TransientError
from sessiontrack.settings import OpenSearchSettings

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


T = TypeVar("T")


class BulkWriter:
    """Writes operations.

    Args:
        target: Where OpenSearch is.
        refreshing: How soon what is written becomes visible.
    """

    def __init__(self, target: OpenSearchSettings, refreshing: RefreshInterval) -> None:
        self._refreshing = refreshing
        # The engine retries, and counts it.
        self._client = OpenSearch(hosts=[target.url], timeout=_TIMEOUT_S, max_retries=0, pool_maxsize=_REQUESTS)
        self._requests = asyncio.Semaphore(_REQUESTS)
        self._aliases: list[str] = []
        self._refresh_interval = ""  # what the indexes have, as far as is known

    async def open(self, aliases: Iterable[str]) -> None:
        """Takes up what will be written: these aliases, all of which are refreshed alike.

        Raises:
            TransientError: OpenSearch does not answer.
        """
        self._aliases = sorted(aliases)
        # A worker that was killed while it caught up left another one.
        self._refresh_interval = ""
        await self._refresh_every(self._refreshing.usual)

    async def write(self, operations: Sequence[bytes], records: int) -> None:
        """Sends operations; OpenSearch has them on disk when it answers.

        Args:
            operations: Framed, as `combined` gives them.
            records: Of how many records.

        Raises:
            TransientError: OpenSearch is away or overloaded.
            TerminalError: It refuses a record.
        """
        bodies = chunks(operations, even_bytes(operations, _REQUESTS))
        # All are waited for, so that none is still under way when the engine writes the batch again.
        for outcome in await asyncio.gather(*map(self._bulk, bodies), return_exceptions=True):
            if outcome is not None:
                raise outcome
        await self._refresh_every(self._refreshing.after(records))

    async def idle(self) -> None:
        """Nothing came for a while."""
        await self._refresh_every(self._refreshing.after(0))

    async def call(self, request: Callable[[OpenSearch], T]) -> T:
        """Calls the client in a thread: encoding and sending megabytes would keep the event loop from its heartbeats.

        Raises:
            TransientError: OpenSearch does not answer, or does not do it now.
        """
        try:
            return await asyncio.to_thread(request, self._client)
        except OpenSearchException as error:
            raise _transient(error) from error

    async def close(self) -> None:
        """Leaves the indexes as a worker that keeps up does, and disconnects."""
        with suppress(TransientError):  # the next worker does so too
            await self._refresh_every(self._refreshing.usual)
        self._client.close()

    async def _refresh_every(self, interval: str) -> None:
        if interval == self._refresh_interval or not self._aliases:
            return
        body = {"index": {"refresh_interval": interval}}
        await self.call(lambda client: client.indices.put_settings(index=",".join(self._aliases), body=body))
        self._refresh_interval = interval

    async def _bulk(self, body: bytes) -> None:
        async with self._requests:
            try:
                answer = await asyncio.to_thread(self._client.bulk, body=body, params=_PARAMETERS)
            except OpenSearchException as error:
                raise _refused(error) or _transient(error) from error
            check(answer)


def _refused(error: OpenSearchException) -> TerminalError | None:
    status = error.status_code if isinstance(error, TransportError) else None
    if isinstance(status, int) and blames_the_record(status):
        return TerminalError(f"OpenSearch refuses a bulk request: {status}")
    return None


def _transient(error: OpenSearchException) -> TransientError:
    if isinstance(error, TransportError) and isinstance(error.status_code, int):
        return TransientError(f"OpenSearch can't take a request now: {error.status_code} {error.error}")
    return TransientError(f"OpenSearch does not answer: {type(error).__name__}")
