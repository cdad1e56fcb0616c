"""Runs the streams as a process: `python -m streams.worker`."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import structlog
import uvloop
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from schemas.registry import SchemaRegistry
from sessiontrack.backoff import backoff_delays
from sessiontrack.errors import TransientError
from sessiontrack.logs import configure_logging
from sessiontrack.settings import Settings, get_settings
from streams.app import create_app
from streams.codec import Codec
from streams.publisher import Publisher

logger = structlog.get_logger(__name__)


async def run_worker(settings: Settings, namespace: str = "sessiontrack") -> None:
    """Runs until SIGTERM or SIGINT; the batch in hand is finished and committed.

    Args:
        settings: Addresses, and where the state is kept.
        namespace: What names of topics and of the group begin with.

    Raises:
        Exception: Whatever is not understood, with nothing of the batch committed.
    """
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    publisher = Publisher(settings.kafka, f"{namespace}.streams")
    codec, store = await _connected(settings, namespace)
    store.mkdir(mode=0o700, parents=True, exist_ok=True)
    app = create_app(settings, codec, publisher, store, namespace)
    await app.start()
    logger.info("worker_started", worker="streams")
    await app.wait_for_stopped(stop.wait())
    if app.crash_reason is not None:
        raise app.crash_reason
    await app.stop()
    await publisher.close()
    logger.info("worker_stopped", worker="streams")


async def _connected(settings: Settings, namespace: str) -> tuple[Codec, Path]:
    """Waits for the schema registry and for Kafka."""
    registry = SchemaRegistry(settings.registry.url)
    for delay in backoff_delays():
        try:
            codec = await asyncio.to_thread(Codec, registry)
            # State belongs to the log that it was folded from: another cluster begins with offset 0 again.
            return codec, settings.data_dir / "streams" / await _cluster_id(settings)
        except (TransientError, KafkaError, OSError) as error:
            logger.warning("waiting", worker="streams", reason=str(error), retry_in_s=round(delay, 1))
        await asyncio.sleep(delay)
    raise AssertionError("backoff has no end")


async def _cluster_id(settings: Settings) -> str:
    admin = AIOKafkaAdminClient(bootstrap_servers=settings.kafka.bootstrap_servers)
    try:
        await admin.start()
        return str((await admin.describe_cluster())["cluster_id"])
    finally:
        await admin.close()


def main() -> int:
    """Entry point; returns the exit status: 0 after a signal, 1 after a failure."""
    settings = get_settings()
    configure_logging(settings.log)
    try:
        uvloop.run(run_worker(settings))
    except Exception:  # the process ends before anything that it does not understand is committed
        logger.exception("worker_failed", worker="streams")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
