"""rebuild --since: writes all records of some sessions again, into the store in use.

For a store that lost or altered something at a known time. What it holds too much is not looked for: a whole rebuild
leaves that behind.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any

from aiokafka.errors import KafkaError

from consumers.opensearch.bulk import operation
from consumers.opensearch.sink import OpenSearchSink
from consumers.postgres.batch import project
from consumers.postgres.sink import PostgresSink
from consumers.sink import Offsets, Received, Sink
from operations.rebuild.cursor import Cursor
from operations.rebuild.event_source import open_source
from operations.rebuild.filling import Filling, partitions
from operations.rebuild.plan import claimed
from operations.rebuild.progress import Meter, Report
from operations.rebuild.source import Chunk, Origin, Source
from operations.rebuild.state import RebuildState
from operations.rebuild.summary import Summary
from queries.archive import Archive
from schemas.topics import Topic
from sessiontrack.errors import UnavailableError
from sessiontrack.settings import Settings

Project = Callable[[str, bytes, Any], Any]


class InPlace:
    """A store in use, whose records are replaced also where they are as new.

    Args:
        sink: Writes them.
        project: What the sink makes of a record.
    """

    def __init__(self, sink: Sink, project: Project) -> None:
        self.topics: Sequence[Topic] = sink.topics
        self.project = project
        self._sink = sink

    async def write(self, batch: Sequence[Received]) -> Offsets:
        """Writes projected records."""
        return await self._sink.write(batch)


class OfSessions:
    """Of a source only the events of some sessions.

    Args:
        source: All events.
        sessions: Ids of the sessions.
    """

    def __init__(self, source: Source, sessions: Collection[str]) -> None:
        self._source = source
        self._sessions = sessions

    async def ends(self) -> dict[int, int]:
        """The end offset of each partition."""
        return await self._source.ends()

    def left(self, partition: int, cursor: Cursor, end: int) -> int:
        """How many records are left to read."""
        return self._source.left(partition, cursor, end)

    async def read(self, partition: int, cursor: Cursor, end: int) -> AsyncIterator[Chunk]:
        """The events of the sessions."""
        async for chunk in self._source.read(partition, cursor, end):
            wanted = [placed for placed in chunk.events if placed[1]["session_id"] in self._sessions]
            yield chunk._replace(events=wanted)

    def close(self) -> None:
        """Disconnects."""
        self._source.close()


def repair_store(
    settings: Settings,
    name: str,
    since: int,
    *,
    origin: Origin | None = None,
    accept_gaps: bool = False,
    report: Report = lambda progress: None,
) -> Summary:
    """Writes again, in place, every record of the sessions of which something was captured since a time.

    Repeating it changes nothing, so one that was killed is simply started again.

    Args:
        settings: Where everything is.
        name: `postgres` or `opensearch`.
        since: Epoch milliseconds.
        origin: Where to read from; chosen by what the log still has where it is None.
        accept_gaps: Go on also where events are missing from the archive and the log.
        report: Told how far it is.

    Raises:
        UsageError: A rebuild of this store is running, or it can't be done as it is asked for.
        UnavailableError: A server does not answer.
    """
    with claimed(settings.data_dir, name) as folder, Archive(settings) as archive:
        # Apart from the state of a rebuild that may be gone on with.
        scratch = folder.path / "repair"
        shutil.rmtree(scratch, ignore_errors=True)

        async def run() -> Summary:
            source, chosen = await open_source(settings, archive, origin, accept_gaps=accept_gaps)
            sink, in_place = _in_place(settings, name)
            meter = Meter(report, time.monotonic)
            async with AsyncExitStack() as closing:
                closing.callback(source.close)
                closing.push_async_callback(sink.close)
                state = RebuildState(scratch)
                closing.callback(state.close)
                await sink.open()
                ends = await source.ends()
                sessions = await _captured_since(source, ends, since, meter)
                filling = Filling(OfSessions(source, sessions), in_place, state, meter)
                meter.begin(f"repairing {name}", left=filling.left(ends))
                await filling.fill(ends)
                return Summary(name, chosen, state.counts(partitions()), len(state.refused), meter.now())

        try:
            return asyncio.run(run())
        except KafkaError as error:
            raise UnavailableError(
                f"the log can't be read: {type(error).__name__}", hint="`sessiontrack status` shows why."
            ) from error
        finally:
            shutil.rmtree(scratch, ignore_errors=True)


async def _captured_since(source: Source, ends: Mapping[int, int], since: int, meter: Meter) -> set[str]:
    """Ids of the sessions that have an event that was captured since a time."""
    meter.begin("looking for sessions", left=sum(source.left(number, Cursor(), end) for number, end in ends.items()))
    sessions: set[str] = set()
    for number, end in ends.items():
        async for chunk in source.read(number, Cursor(), end):
            sessions |= {event["session_id"] for _, event in chunk.events if event["captured_at"] >= since}
            meter.count(chunk.records, 0)
    return sessions


def _in_place(settings: Settings, name: str) -> tuple[Sink, InPlace]:
    if name == PostgresSink.name:
        tables = PostgresSink(settings, replace_equal=True)
        return tables, InPlace(tables, project)
    indexes = OpenSearchSink(settings)

    def replacing(topic: str, key: bytes, record: Any) -> Any:
        return operation(topic, key, record, settings.opensearch, replace_equal=True)

    return indexes, InPlace(indexes, replacing)
