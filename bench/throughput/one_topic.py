"""`python -m bench.throughput.one_topic SINK TOPIC`: one of our sinks, with only one of its topics."""

from __future__ import annotations

import asyncio
import sys

from consumers.engine import Engine
from consumers.worker import load_sink
from schemas.topics import BY_NAME
from sessiontrack.logs import configure_logging
from sessiontrack.settings import get_settings
from sessiontrack.telemetry.health import Health
from sessiontrack.telemetry.metrics import WorkerMetrics
from sessiontrack.worker import run_worker


def main(name: str, topic: str) -> None:
    """Runs until SIGTERM, in a group of its own."""
    settings = get_settings()
    configure_logging(settings.log)
    sink = load_sink(name, settings)
    sink.name, sink.topics = f"{name}-alone", (BY_NAME[topic],)

    async def work(stop: asyncio.Event, *, metrics: WorkerMetrics, health: Health) -> None:
        await Engine(sink, settings, metrics=metrics, health=health).run(stop)

    run_worker(work, WorkerMetrics(sink.name), settings)


if __name__ == "__main__":
    main(*sys.argv[1:])
