"""Runs the capture as a worker."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import structlog

from producers.clawdbot.capture import capture
from sessiontrack.backoff import backoff_delays
from sessiontrack.errors import TransientError, UnavailableError
from sessiontrack.settings import Settings
from sessiontrack.telemetry.health import Health
from sessiontrack.telemetry.metrics import CaptureMetrics

logger = structlog.get_logger(__name__)


async def run_capture(settings: Settings, stop: asyncio.Event, *, metrics: CaptureMetrics, health: Health) -> None:
    """Captures the folders of the settings until `stop` is set; servers that are away at the start are waited for.

    Raises:
        UsageError: There is nothing to capture, or another capture works with the same data folder.
    """
    for delay in backoff_delays():
        try:
            await capture(settings, [], once=False, stop=stop, metrics=metrics, health=health)
            return
        except (TransientError, UnavailableError) as error:
            health.waits("kafka")
            logger.warning("waiting", worker="capture", reason=str(error), retry_in_s=round(delay, 1))
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), delay)
            return
