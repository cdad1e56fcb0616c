"""Waits for what is away: a store, Kafka, the schema registry."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

import structlog

from sessiontrack.errors import TransientError

logger = structlog.get_logger(__name__)

# A store that restarts is back within a second or so: the first waits are short.
_FIRST_DELAY_S = 0.1
# Half a minute after a long outage is soon enough, and a fleet of workers that asks so often harms nobody.
_LONGEST_DELAY_S = 30.0

ResultT = TypeVar("ResultT")


class Stopped(Exception):  # noqa: N818  # no error: a way out
    """The worker stops while it waits: what it holds is not committed, and nothing after it may be."""


class Revoked(Exception):  # noqa: N818  # no error: a way out
    """The partitions of a batch went back to the group: whoever owns them now reads it again."""


def backoff_delays(jitter: random.Random) -> Iterator[float]:
    """Seconds to wait after each failure in a row: exponential with jitter, without end.

    Source: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/ ("equal jitter": at least half
    of the bound, since a delay of nearly nothing would hammer a store that is just coming up).
    """
    bound = _FIRST_DELAY_S
    while True:
        yield jitter.uniform(bound / 2, bound)
        bound = min(bound * 2, _LONGEST_DELAY_S)


class Retry:
    """Tries until it succeeds, with backoff.

    Args:
        name: Of the worker, for the log.
        stop: Ends the waiting.
    """

    def __init__(self, name: str, stop: asyncio.Event) -> None:
        self._name = name
        self._stop = stop
        self._jitter = random.Random()  # noqa: S311  # spreads retries, guards nothing

    async def __call__(
        self, attempt: Callable[[], Awaitable[ResultT]], *, wanted: Callable[[], bool] = lambda: True
    ) -> ResultT:
        """The result of the first attempt that raises no TransientError; any other error is raised at once.

        Args:
            attempt: What to try.
            wanted: Asked before each attempt: whether its result is still of use.

        Raises:
            Stopped: The worker stops.
            Revoked: It is not wanted any more.
        """
        for delay in backoff_delays(self._jitter):
            if not wanted():
                raise Revoked
            try:
                return await attempt()
            except TransientError as error:
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
