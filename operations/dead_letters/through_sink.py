"""The way back to a store: through the very sink whose group refused the records, beside the worker that runs it.

Its writes are idempotent and versioned, so what comes late, twice or out of order changes nothing, and no other group
sees anything of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from itertools import islice
from typing import TypeVar

from consumers.batching import write_or_bisect
from consumers.projecting import Projector
from consumers.sink import Offsets, Partition, Received, Sink
from operations.dead_letters.attempt import Attempted, Refusal, Refused
from schemas.records import DeadLetter
from schemas.registry import SchemaRegistry
from sessiontrack.backoff import backoff_delays
from sessiontrack.errors import TerminalError, TransientError

# An overloaded store or a deadlock with the worker is over within a second or two; a person waits for no outage.
_ATTEMPTS = 5

ResultT = TypeVar("ResultT")


class ThroughSink:
    """Gives records to a sink.

    Args:
        sink: Of the group, not yet opened.
        registry: Where the writers' schemas are.
    """

    def __init__(self, sink: Sink, registry: SchemaRegistry) -> None:
        self._sink = sink
        self._projector = Projector(sink, registry)
        self._topics = {topic.name for topic in sink.topics}

    async def __aenter__(self) -> ThroughSink:
        try:
            await _patiently(self._sink.open)
        except TransientError:
            await self._sink.close()
            raise
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self._sink.close()

    async def attempt(self, batch: Sequence[Refused]) -> Attempted:
        """See `Way.attempt`."""
        refusals: dict[str, Refusal] = {}
        records: list[Received] = []
        keys: dict[tuple[Partition, int], str] = {}
        for letter, original in batch:
            received = _received(original)
            refusal = await self._projected(received)
            if refusal:
                refusals[letter.key] = refusal
            else:
                records.append(received)
                keys[received.partition, received.offset] = letter.key

        async def refuse(received: Received, error: TerminalError) -> Offsets:
            refusals[keys[received.partition, received.offset]] = Refusal.of("write", error)
            return {}

        if records:
            await write_or_bisect(records, self._write, refuse)
        return Attempted(refusals)

    async def _projected(self, received: Received) -> Refusal | None:
        if received.partition.topic not in self._topics:
            return Refusal.of(
                "read", TerminalError(f"{self._sink.name} does not read the topic {received.partition.topic}")
            )
        refused = await _patiently(lambda: asyncio.to_thread(self._projector.project_record, received))
        return Refusal.of(refused.stage, refused.error) if refused else None

    async def _write(self, records: Sequence[Received]) -> Offsets:
        return await _patiently(lambda: self._sink.write(records))


def _received(original: DeadLetter) -> Received:
    """The record as the group received it, but for its time, which no store keeps."""
    return Received(
        Partition(original["topic"], original["partition"]),
        original["offset"],
        original["failed_at"],
        original["key"] or b"",
        original["value"],
        [(header["name"], header["value"] or b"") for header in original["headers"]],
    )


async def _patiently(attempt: Callable[[], Awaitable[ResultT]]) -> ResultT:
    """The result of the first attempt that raises no TransientError; the last of them is raised."""
    for delay in islice(backoff_delays(), _ATTEMPTS - 1):
        try:
            return await attempt()
        except TransientError:
            await asyncio.sleep(delay)
    return await attempt()
