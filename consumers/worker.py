"""Runs one sink as a worker."""

from __future__ import annotations

import asyncio
from importlib import import_module

from consumers.engine import Engine
from consumers.sink import Sink
from sessiontrack.settings import Settings
from sessiontrack.telemetry.health import Health
from sessiontrack.telemetry.metrics import WorkerMetrics
from sessiontrack.traces.opening import opened_traces

# Module and class: a worker imports the client of its own store only.
SINKS = {
    "archive": ("consumers.archive.sink", "ArchiveSink"),
    "postgres": ("consumers.postgres.sink", "PostgresSink"),
    "opensearch": ("consumers.opensearch.sink", "OpenSearchSink"),
    "opensearch-vectors": ("consumers.opensearch_vectors.sink", "OpenSearchVectorSink"),
    "postgres-vectors": ("consumers.postgres_vectors.sink", "PostgresVectorSink"),
    "pinecone": ("consumers.pinecone.sink", "PineconeSink"),
}


def load_sink(name: str, settings: Settings) -> Sink:
    """The sink of this name, one of `SINKS`, not yet opened."""
    module, class_name = SINKS[name]
    sink: Sink = getattr(import_module(module), class_name)(settings)
    return sink


async def run_sink(
    name: str, settings: Settings, stop: asyncio.Event, *, metrics: WorkerMetrics, health: Health
) -> None:
    """Runs a sink until `stop` is set; what is being written by then is finished and committed."""
    with opened_traces(settings.traces, name) as traces:
        await Engine(load_sink(name, settings), settings, metrics=metrics, health=health, traces=traces).run(stop)
