"""Runs the worker `embed`."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress

import structlog

from schemas.registry import SchemaRegistry
from sessiontrack.backoff import backoff_delays
from sessiontrack.errors import ConfigurationError
from sessiontrack.providers.choice import open_embedder
from sessiontrack.providers.embedder import Embedder
from sessiontrack.settings import Settings
from sessiontrack.telemetry.embedding_metrics import ProviderMetrics
from sessiontrack.telemetry.health import Health
from sessiontrack.telemetry.metrics import WorkerMetrics
from streams.embed.stages import WORKER, EmbedStages
from streams.stages import Stages
from streams.worker import run_stages

logger = structlog.get_logger(__name__)

# A model takes every core that it gets: what captures, stores and answers goes first.
_NICENESS = 10


async def run_embed(
    settings: Settings,
    stop: asyncio.Event,
    namespace: str = "sessiontrack",
    *,
    metrics: WorkerMetrics,
    health: Health,
) -> None:
    """Embeds messages until `stop` is set; a batch in hand is left, and its vectors are in the cache.

    Args:
        settings: Addresses, the provider, and where state and cache are kept.
        stop: Ends it.
        namespace: What names of topics and of the group begin with.
        metrics: Told of what is done.
        health: Told whether it is.

    Raises:
        UnavailableError: The cache of vectors can't be opened.
    """
    os.nice(_NICENESS)
    told = ProviderMetrics(metrics.registry)
    embedder = await _opened(settings, stop, metrics, told, health)
    if embedder is None:
        return

    def make(registry: SchemaRegistry) -> Stages:
        return EmbedStages(registry, embedder, settings.embedding.provider, told)

    try:
        await run_stages(settings, make, stop, namespace, metrics=metrics, health=health)
    finally:
        await embedder.close()


async def _opened(
    settings: Settings, stop: asyncio.Event, metrics: WorkerMetrics, told: ProviderMetrics, health: Health
) -> Embedder | None:
    """The embedder of the settings; None where the worker is to stop before somebody has mended them."""
    for delay in backoff_delays():
        try:
            embedder = open_embedder(settings, metrics.registry)
            told.waits(False)
            return embedder
        except ConfigurationError as error:
            told.waits(True)
            health.waits(settings.embedding.provider)
            logger.warning("waiting", worker=WORKER, reason=str(error), hint=error.hint, retry_in_s=round(delay, 1))
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), delay)
            return None
    raise AssertionError("backoff has no end")
