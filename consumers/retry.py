"""Waits for what is away: a store, Kafka, the schema registry."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from sessiontrack.backoff import backoff_delays
from sessiontrack.errors import TransientError
from sessiontrack.telemetry.health import Health

logger = structlog.get_logger(__name__)

ResultT = TypeVar("ResultT")


class Stopped(Exception):  # noqa: N818  # no error: a way out
    """The worker stops while it waits: what it holds is not committed, and nothing after it may be."""


class Revoked(Exception):  # noqa: N818  # no error: a way out
    """The partitions of a batch went back to the group: whoever owns them now reads it again."""


class Retry:
    """Tries until it succeeds, with backoff.

    Args:
        name: Of the worker, for the log.
        stop: Ends the waiting.
        health: Told what is waited for.
    """

    def __init__(self, name: str, stop: asyncio.Event, health: Health) -> None:
        self._name = name
        self._stop = stop
        self._health = health

    async def __call__(
        self, what: str, attempt: Callable[[], Awaitable[ResultT]], *, wanted: Callable[[], bool] = lambda: True
    ) -> ResultT:
        """The result of the first attempt that raises no TransientError; any other error is raised at once.

        Args:
            what: What is waited for where an attempt fails, such as `kafka`.
            attempt: What to try.
            wanted: Asked before each attempt: whether its result is still of use.

        Raises:
            Stopped: The worker stops.
            Revoked: It is not wanted any more.
        """
        for delay in backoff_delays():
            if not wanted():
                raise Revoked
            try:
                return await attempt()
            except TransientError as error:
                self._health.waits(what)
                logger.warning("waiting", worker=self._name, reason=str(error), retry_in_s=round(delay, 1))
            if await _is_set_within(self._stop, delay):
                raise Stopped
        raise AssertionError("backoff has no end")


async def _is_set_within(event: asyncio.Event, seconds: float) -> bool:
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return False
    return True
