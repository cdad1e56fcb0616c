"""Tries again what time heals, no earlier than the provider allows."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from sessiontrack.backoff import backoff_delays
from sessiontrack.errors import ConfigurationError, TransientError

T = TypeVar("T")
# A quota per minute is back after one; what takes longer is the caller's to wait for, whose records wait meanwhile.
PATIENCE_S = 65.0
_ATTEMPTS = 5


async def retrying(call: Callable[[], Awaitable[T]], *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> T:
    """The result of a call that may be repeated, tried five times at most.

    Raises:
        TransientError: The last try failed too, or the provider wants no other for longer than a minute.
        ConfigurationError: A person must act; it is not tried again.
    """
    for attempt, delay in enumerate(backoff_delays(), start=1):
        try:
            return await call()
        except ConfigurationError:
            raise
        except TransientError as error:
            wanted = error.retry_after_s or 0.0
            if attempt == _ATTEMPTS or wanted > PATIENCE_S:
                raise
            # The jitter comes on top: all who were refused at once were told the same time.
            await sleep(wanted + delay)
    raise AssertionError("delays do not end")
