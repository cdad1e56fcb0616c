"""Rebuilds of the stores in memory, by the code that the command runs, killed at any step of theirs."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from consumers.archive.container import read_records
from consumers.sink import Offsets, Partition, Received, ends
from operations.rebuild import event_source
from operations.rebuild import store as rebuilding
from operations.rebuild.event_source import EventSource
from operations.rebuild.source import Origin
from operations.rebuild.store import TARGETS, abandon_store, rebuild_store
from operations.rebuild.target import Marks, Standing
from queries.archive import Segment
from queries.dead_letters.letter import ids_by_worker
from schemas.codec import CodecError, Decoder
from schemas.registry import RegistryError, SchemaRegistry
from schemas.topics import EVENTS
from sessiontrack.settings import S3Settings, Settings
from tests.faults.memory import MemoryOpenSearch, MemoryPostgres
from tests.faults.pure import ARCHIVED, PARTITIONS, Pipeline
from tests.unit.operations.rebuild.memory import Fate

# Few enough for a rebuild to have several chunks of each partition.
_CHUNK_EVENTS = 7


class Rebuilds:
    """Rebuilds of the stores of a pipeline, at most one of each at a time.

    Args:
        pipeline: The pipeline.
        folder: For what the rebuilds remember.
        patch: Undone by the caller, when no rebuild is to come.
    """

    def __init__(self, pipeline: Pipeline, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self._pipeline = pipeline
        self._settings = Settings(data_dir=folder, s3=S3Settings(secret_key=SecretStr("secret")))
        self._fate = Fate()
        self._origin: Origin = "log"
        self._meanwhile: Callable[[], None] = lambda: None
        self._targets = {name: _Target(pipeline, name, self._fate) for name in pipeline.sinks}
        for name in self._targets:
            patch.setitem(TARGETS, name, partial(self._target, name))
        patch.setattr(rebuilding, "open_source", self._open_source)
        patch.setattr(rebuilding, "set_aside", self._set_aside)
        patch.setattr(rebuilding, "partitions", lambda: range(PARTITIONS))
        patch.setattr(event_source, "read_partition", self._read_partition)
        patch.setattr(event_source, "_CHUNK_EVENTS", _CHUNK_EVENTS)
        patch.setattr(SchemaRegistry, "schema", lambda _, schema_id: pipeline.registry.schema(schema_id))

    def run(
        self,
        name: str,
        origin: Origin = "log",
        steps: int | None = None,
        meanwhile: Callable[[], None] = lambda: None,
    ) -> None:
        """Begins a rebuild, or goes on with it.

        Args:
            name: Of the store.
            origin: Where one that begins takes its events from.
            steps: How many it has until it is killed; None for ever.
            meanwhile: What happens whenever it has looked how far the log is.

        Raises:
            Killed: It had no more steps.
            SessionTrackError: The new store is not what it should be; the one in use stays.
        """
        self._fate.steps, self._origin, self._meanwhile = steps, origin, meanwhile
        rebuild_store(self._settings, name)

    def is_under_way(self, name: str) -> bool:
        """Whether one was begun, and has not ended."""
        return self._targets[name].beside is not None

    def abandon(self) -> None:
        """Gives all of them up."""
        self._fate.steps = None
        for name in self._targets:
            abandon_store(self._settings, name)

    def _target(self, name: str, settings: Settings) -> _Target:
        return self._targets[name]

    async def _open_source(
        self, settings: Settings, archive: Any, origin: Origin | None, *, accept_gaps: bool
    ) -> tuple[EventSource, Origin]:
        chosen = origin or self._origin
        segments: dict[int, list[Segment]] = {}
        if chosen == "archive":
            for key in sorted(self._pipeline.archive()):
                segments.setdefault(key.partition, []).append(Segment(key, has_records=True, has_manifest=True))
        return _Source(self._pipeline, segments, self._fate, self._meanwhile, settings), chosen

    async def _set_aside(self, settings: Settings, worker: str) -> set[str]:
        return ids_by_worker(self._pipeline.letters.standing().letters.values()).get(worker, set())

    async def _read_partition(self, settings: Any, place: Any, begin: int, end: int) -> AsyncIterator[Sequence[Any]]:
        if begin < end:
            yield self._pipeline.log.read(Partition(place.topic, place.partition), begin, end - begin)


class _Source(EventSource):
    """The log and the archive of the pipeline."""

    def __init__(
        self,
        pipeline: Pipeline,
        segments: dict[int, list[Segment]],
        fate: Fate,
        meanwhile: Callable[[], None],
        settings: Settings,
    ) -> None:
        archive: Any = _Archive(pipeline)
        super().__init__(settings, archive, ARCHIVED, [ARCHIVED], segments, dict.fromkeys(range(PARTITIONS), 0))
        self._pipeline = pipeline
        self._fate = fate
        self._meanwhile = meanwhile

    async def ends(self) -> dict[int, int]:
        self._fate.step()
        found = {n: len(self._pipeline.log.read(Partition(EVENTS.name, n), 0)) for n in range(PARTITIONS)}
        self._meanwhile()
        return found


class _Archive:
    """Reads the objects of the pipeline."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._decoder = Decoder(EVENTS.schema, pipeline.registry.schema)

    def events(self, segment: Segment) -> Iterator[tuple[Any, Any]]:
        for record in read_records(self._pipeline.objects.objects[segment.key.object]):
            assert record["value"] is not None
            try:
                yield record, self._decoder.decode(record["value"])
            except (CodecError, RegistryError):
                continue


class _Target:
    """A store beside the one that a worker writes; what is here outlives the process."""

    def __init__(self, pipeline: Pipeline, name: str, fate: Fate) -> None:
        self._sink = pipeline.sinks[name]
        self._fate = fate
        self._generation = 0
        self.name = name
        self.topics = self._sink.store.topics
        self.beside: MemoryPostgres | MemoryOpenSearch | None = None

    def standing(self, marks: Marks) -> Standing:
        if marks and marks["generation"] == self._generation:
            return Standing.IN_USE
        return Standing.ABSENT if self.beside is None else Standing.FILLING

    def prepare(self) -> Marks:
        self._fate.step()
        self.beside = type(self._sink.store)(self._sink.store.is_mended)
        self._fate.step()
        return {"generation": self._generation + 1}

    async def open(self) -> None:
        pass

    def project(self, topic: str, key: bytes, record: Any) -> Any:
        return self._sink.store.project_record(topic, key, record)

    async def write(self, batch: Sequence[Received]) -> Offsets:
        assert self.beside
        self._fate.step()
        self.beside.write(batch, None)
        self._fate.step()
        return ends(batch)

    def settle(self) -> None:
        self._fate.step()

    @asynccontextmanager
    async def still(self, marks: Marks) -> AsyncIterator[None]:
        yield

    async def counts(self, marks: Marks) -> Mapping[str, int]:
        assert self.beside
        held = [topic for topic, _ in self.beside.contents()]
        return {topic.name: held.count(topic.name) for topic in self.topics}

    async def swap(self, marks: Marks, *, keep_old: bool) -> None:
        assert self.beside
        self._fate.step()
        self._sink.store, self.beside = self.beside, None
        self._generation += 1
        self._fate.step()

    def release(self) -> None:
        pass

    def clear(self) -> None:
        self._fate.step()

    def discard(self) -> None:
        self.beside = None

    async def close(self) -> None:
        pass
