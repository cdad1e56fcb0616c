"""The process of a worker: its event loop, its signals, its metrics and health.

Every worker ends the same way. The first SIGTERM or SIGINT lets it finish and commit what it has in hand; a second one,
or a worker that takes too long, ends the process at once, which costs no more than doing that work again.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import threading
from collections.abc import Callable
from typing import Protocol, TypeVar

import structlog

from sessiontrack.settings import Settings
from sessiontrack.telemetry.disk_metrics import DiskMetrics
from sessiontrack.telemetry.health import Health
from sessiontrack.telemetry.metrics import WorkerMetrics
from sessiontrack.telemetry.server import serve_telemetry
from sessiontrack.telemetry.targets import announced

logger = structlog.get_logger(__name__)

# Shorter than the patience of whoever supervises it: `up` and our Compose file 20 s, Kubernetes 30 s, systemd 90 s.
LONGEST_STOP_S = 14.0

MetricsT = TypeVar("MetricsT", bound=WorkerMetrics)
MetricsT_contra = TypeVar("MetricsT_contra", bound=WorkerMetrics, contravariant=True)


class Work(Protocol[MetricsT_contra]):
    """What a worker does until `stop` is set; what it has in hand by then it finishes."""

    async def __call__(self, stop: asyncio.Event, *, metrics: MetricsT_contra, health: Health) -> None:
        """Works."""


def run_worker(work: Work[MetricsT], metrics: MetricsT, settings: Settings) -> None:
    """Runs a worker in this process until SIGTERM or SIGINT, and serves its metrics and health meanwhile.

    Args:
        work: What it does.
        metrics: What it counts.
        settings: Where that is served, and the data folder, in which it is said.

    Raises:
        UnavailableError: The telemetry can't be served.
        Exception: Whatever the worker raises: with nothing committed that it did not finish.
    """
    # Records are trees without cycles, and go when their batch does. Looking for garbage while a batch is in hand, some
    # 100,000 objects, would take a tenth of the time for nothing.
    gc.set_threshold(500_000, 10, 10)
    health = Health(late_after_s=settings.telemetry.oldest_unprocessed_s, oldest_age_s=metrics.oldest_age_s)
    metrics.registry.register(DiskMetrics(settings.data_dir, settings.disk_reserve_bytes))
    # A thread: it is not held up by whatever holds the loop, or the threads that the loop waits for at its end.
    deadline = threading.Timer(LONGEST_STOP_S, _end_at_once, [metrics.worker, 1])
    deadline.daemon = True
    try:
        with (
            serve_telemetry(settings.telemetry, metrics, health) as address,
            announced(settings.data_dir, metrics.worker, address),
            asyncio.Runner(loop_factory=_loop_factory()) as runner,
        ):
            logger.info("worker_started", worker=metrics.worker, telemetry=f"http://{address}")
            runner.run(_until_signalled(work, metrics, health, deadline))
    finally:
        deadline.cancel()
    logger.info("worker_stopped", worker=metrics.worker)


async def _until_signalled(work: Work[MetricsT], metrics: MetricsT, health: Health, deadline: threading.Timer) -> None:
    stop = asyncio.Event()

    def on_signal(number: signal.Signals) -> None:
        if stop.is_set():
            _end_at_once(metrics.worker, 128 + number)
        logger.info("worker_stopping", worker=metrics.worker, signal=number.name)
        stop.set()
        deadline.start()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal, number)
    await work(stop, metrics=metrics, health=health)


def _end_at_once(worker: str, status: int) -> None:
    logger.error("worker_did_not_finish", worker=worker)
    os._exit(status)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """The event loop: that of uvloop where it is installed."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop
