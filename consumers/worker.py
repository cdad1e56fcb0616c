"""Runs one sink as a process: `python -m consumers.worker archive`."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable
from importlib import import_module

import structlog

from consumers.engine import Engine
from consumers.sink import Sink
from sessiontrack.logs import configure_logging
from sessiontrack.settings import Settings, get_settings

# Module and class: a worker imports the client of its own store only.
SINKS = {
    "archive": ("consumers.archive.sink", "ArchiveSink"),
    "postgres": ("consumers.postgres.sink", "PostgresSink"),
    "opensearch": ("consumers.opensearch.sink", "OpenSearchSink"),
}

logger = structlog.get_logger(__name__)


def load_sink(name: str, settings: Settings) -> Sink:
    """The sink of this name, one of `SINKS`, not yet opened."""
    module, class_name = SINKS[name]
    sink: Sink = getattr(import_module(module), class_name)(settings)
    return sink


async def run_worker(name: str, settings: Settings) -> None:
    """Runs the sink until SIGTERM or SIGINT; what is being written by then is finished and committed."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    logger.info("worker_started", sink=name)
    await Engine(load_sink(name, settings), settings).run(stop)
    logger.info("worker_stopped", sink=name)


def main(arguments: list[str]) -> int:
    """Entry point; returns the exit status: 0 after a signal, 1 after a failure, 2 where the name is wrong."""
    if len(arguments) != 1 or arguments[0] not in SINKS:
        sys.stderr.write(f"usage: python -m consumers.worker {'|'.join(SINKS)}\n")
        return 2
    settings = get_settings()
    configure_logging(settings.log)
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(run_worker(arguments[0], settings))
    except Exception:  # the process ends before anything it does not understand is committed
        logger.exception("worker_failed", sink=arguments[0])
        return 1
    return 0


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """The event loop: that of uvloop where it is installed."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
