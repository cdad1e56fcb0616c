"""Sends records to PostgreSQL and OpenSearch again, through their sinks: of equal versions the later one wins."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from consumers.batching import write_or_bisect
from consumers.opensearch import bulk
from consumers.opensearch.sink import OpenSearchSink
from consumers.postgres.batch import Removed
from consumers.postgres.batch import project as project_rows
from consumers.postgres.sink import PostgresSink
from consumers.sink import Offsets, Partition, Received, Sink
from operations.repair.wanted import RecordKey, Wanted
from sessiontrack.errors import TerminalError
from sessiontrack.settings import Settings

# What a record is to a store; None is for one that goes.
Project = Callable[[RecordKey, Any], Any]

_BATCH_RECORDS = 500


def postgres(settings: Settings) -> tuple[Sink, Project]:
    """The sink of PostgreSQL, and what it takes."""

    def project(key: RecordKey, record: Any) -> Any:
        return Removed(key.id) if record is None else project_rows(key.topic, b"", record)

    return PostgresSink(settings, replace_equal=True), project


def opensearch(settings: Settings) -> tuple[Sink, Project]:
    """The sink of OpenSearch, and what it takes."""

    def project(key: RecordKey, record: Any) -> Any:
        return bulk.operation(key.topic, key.id.encode(), record, settings.opensearch, replace_equal=True)

    return OpenSearchSink(settings), project


STORES: Mapping[str, Callable[[Settings], tuple[Sink, Project]]] = {"postgres": postgres, "opensearch": opensearch}


@dataclass(slots=True)
class Sent:
    """What was done in one store.

    Attributes:
        records: Records that were sent.
        removed: Surplus records that were deleted.
        refused: Records that the store does not take.
    """

    records: int = 0
    removed: int = 0
    refused: int = 0


async def send(settings: Settings, store: str, work: Wanted, records: Mapping[RecordKey, Any], *, prune: bool) -> Sent:
    """Sends what a store lacks, and deletes what is surplus where that is asked for.

    Args:
        settings: Where the store is.
        store: One of `STORES`.
        work: What is to be done.
        records: What the log implies, by key.
        prune: Whether to delete.

    Raises:
        TransientError: The store does not answer.
    """
    sink, project = STORES[store](settings)
    sent = Sent()
    # A record that is there twice is deleted first, in the same batch.
    removed = [key for key in sorted(work.remove) if prune]
    present = [key for key in sorted(work.send) if key in records and (prune or key not in work.remove)]
    steps = [(key, None) for key in removed] + [(key, records[key]) for key in present]
    try:
        await sink.open()
        for batch in _batches(sorted(steps, key=lambda step: (step[0], step[1] is not None))):
            received = [_received(key, project(key, record)) for key, record in batch]
            await write_or_bisect(received, sink.write, lambda each, error: _refuse(sent, error))
        sent.removed = len(removed)
        sent.records = len(present) - sent.refused
    finally:
        await sink.close()
    return sent


async def _refuse(sent: Sent, error: TerminalError) -> Offsets:
    sent.refused += 1
    return {}


def _received(key: RecordKey, projection: Any) -> Received:
    return Received(Partition(key.topic, 0), 0, 0, key.id.encode(), None, (), projection)


def _batches(steps: Iterable[tuple[RecordKey, Any]]) -> Iterable[Sequence[tuple[RecordKey, Any]]]:
    left = iter(steps)
    while batch := list(islice(left, _BATCH_RECORDS)):
        yield batch
