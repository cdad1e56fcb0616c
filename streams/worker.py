"""Runs the streams as a process: `python -m streams.worker`."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
from contextlib import suppress
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

# A batch takes a second or two. While the broker is away it can't be finished: the next worker takes it again.
_LONGEST_STOP_S = 10.0


class _Stopped(Exception):  # noqa: N818  # no error: a way out
    """The worker stops before it has begun."""


async def run_worker(settings: Settings, namespace: str = "sessiontrack") -> None:
    """Runs until SIGTERM or SIGINT; the batch in hand is finished and committed.

    Args:
        settings: Addresses, and where the state is kept.
        namespace: What names of topics and of the group begin with.

    What is not understood ends the process with status 1, nothing of the batch committed: the next one reads it again.
    """
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    publisher = Publisher(settings.kafka, f"{namespace}.streams")
    try:
        codec, store = await _connected(settings, stop)
    except _Stopped:
        return
    for folder in (store.parent, store):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    app = create_app(settings, codec, publisher, store, namespace)
    await app.start()
    logger.info("worker_started", worker="streams")
    await app.wait_for_stopped(stop.wait())
    if app.crash_reason is not None:
        logger.error("worker_failed", worker="streams", exc_info=app.crash_reason)
        # At once: stopping Faust in order would wait for acknowledgements that never come.
        os._exit(1)
    try:
        await asyncio.wait_for(app.stop(), _LONGEST_STOP_S)
    except TimeoutError:
        logger.error("worker_did_not_finish", worker="streams")
        os._exit(1)
    await publisher.close()
    logger.info("worker_stopped", worker="streams")


async def _connected(settings: Settings, stop: asyncio.Event) -> tuple[Codec, Path]:
    """Waits for the schema registry and for Kafka.

    Raises:
        _Stopped: The worker is to stop.
    """
    registry = SchemaRegistry(settings.registry.url)
    for delay in backoff_delays():
        try:
            codec = await asyncio.to_thread(Codec, registry)
            # State belongs to the log that it was folded from: another cluster begins with offset 0 again.
            return codec, settings.data_dir / "streams" / await _cluster_id(settings)
        except (TransientError, KafkaError, OSError) as error:
            logger.warning("waiting", worker="streams", reason=str(error), retry_in_s=round(delay, 1))
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


def main() -> int:
    """Entry point; returns the exit status: 0 after a signal, 1 after a failure."""
    settings = get_settings()
    configure_logging(settings.log)
    # Events are trees without cycles: looking for garbage after each 700 objects takes a fifth of the time for nothing.
    gc.set_threshold(50_000, 20, 100)
    try:
        uvloop.run(run_worker(settings))
    except Exception:  # the process ends before anything that it does not understand is committed
        logger.exception("worker_failed", worker="streams")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
