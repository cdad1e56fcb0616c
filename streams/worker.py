"""Runs stages as a worker."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress

import faust
import structlog
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from schemas.registry import SchemaRegistry
from sessiontrack.backoff import backoff_delays
from sessiontrack.errors import TransientError
from sessiontrack.settings import Settings
from sessiontrack.telemetry.health import Health
from sessiontrack.telemetry.metrics import WorkerMetrics
from sessiontrack.traces.opening import opened_traces
from streams.app import create_app
from streams.codec import Codec
from streams.publisher import Publisher
from streams.stages import EventStages, Stages
from streams.store import claimed_folder

logger = structlog.get_logger(__name__)

# A batch takes a second or two. While the broker is away it can't be finished: the next worker takes it again.
_LONGEST_STOP_S = 10.0


class _Stopped(Exception):  # noqa: N818  # no error: a way out
    """The worker stops before it has begun."""


async def run_streams(
    settings: Settings,
    stop: asyncio.Event,
    namespace: str = "sessiontrack",
    *,
    metrics: WorkerMetrics,
    health: Health,
) -> None:
    """Runs the stages of events until `stop` is set; see `run_stages`."""

    def make(registry: SchemaRegistry) -> Stages:
        return EventStages(Codec(registry))

    await run_stages(settings, make, stop, namespace, metrics=metrics, health=health)


async def run_stages(
    settings: Settings,
    make: Callable[[SchemaRegistry], Stages],
    stop: asyncio.Event,
    namespace: str,
    *,
    metrics: WorkerMetrics,
    health: Health,
) -> None:
    """Runs stages until `stop` is set; the batch in hand is finished and committed, or left as it was.

    Args:
        settings: Addresses, and where the state is kept.
        make: Makes the stages; may wait for the registry.
        stop: Ends it.
        namespace: What names of topics and of the group begin with.
        metrics: Told of what is done.
        health: Told whether it is.

    What is not understood ends the process with status 1, nothing of the batch committed: the next one reads it again.
    """
    try:
        stages, cluster = await _connected(settings, make, metrics.worker, stop, health)
    except _Stopped:
        return
    publisher = Publisher(settings.kafka, f"{namespace}.{stages.group}", stages.worker)
    # State belongs to the log that it was folded from: another cluster begins with offset 0 again.
    with (
        claimed_folder(settings.data_dir / stages.group / cluster) as store,
        opened_traces(settings.traces, stages.worker) as traces,
    ):
        app = create_app(
            settings,
            stages,
            publisher,
            store,
            namespace,
            metrics=metrics,
            health=health,
            is_stopping=stop.is_set,
            traces=traces,
        )
        await _run(app, stages.worker, stop)
    await publisher.close()


async def _run(app: faust.App, worker: str, stop: asyncio.Event) -> None:
    await app.start()
    await app.wait_for_stopped(stop.wait())
    if app.crash_reason is not None:
        logger.error("worker_failed", worker=worker, exc_info=app.crash_reason)
        # At once: stopping Faust in order would wait for acknowledgements that never come.
        os._exit(1)
    try:
        await asyncio.wait_for(app.stop(), _LONGEST_STOP_S)
    except TimeoutError:
        logger.error("worker_did_not_finish", worker=worker)
        os._exit(1)


async def _connected(
    settings: Settings,
    make: Callable[[SchemaRegistry], Stages],
    worker: str,
    stop: asyncio.Event,
    health: Health,
) -> tuple[Stages, str]:
    """Waits for the schema registry and for Kafka.

    Returns:
        The stages, and the id of the cluster.

    Raises:
        _Stopped: The worker is to stop.
    """
    registry = SchemaRegistry(settings.registry.url)
    for delay in backoff_delays():
        try:
            return await asyncio.to_thread(make, registry), await _cluster_id(settings)
        except (TransientError, KafkaError, OSError) as error:
            health.waits("registry" if isinstance(error, TransientError) else "kafka")
            logger.warning("waiting", worker=worker, reason=str(error), retry_in_s=round(delay, 1))
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), delay)
            raise _Stopped
    raise AssertionError("backoff has no end")


async def _cluster_id(settings: Settings) -> str:
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka.bootstrap_servers)
    try:
        await admin.start()
        return str((await admin.describe_cluster())["cluster_id"])
    finally:
        await admin.close()
