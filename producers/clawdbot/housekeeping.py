"""Looks around in slices, so that what changes meanwhile is read at once."""

from __future__ import annotations

import math
import time
from collections.abc import AsyncGenerator, Callable

# Notifications get lost (network folders, full queues, folders behind links): looking around finds what they concealed.
_INTERVAL_S = 30.0
# What a change may have to wait for, beyond the one piece of work that a slice ends with.
_SLICE_S = 0.002


class Housekeeping:
    """Rounds of looking around, one now and then; the first is due at once.

    Args:
        look_around: Begins a round, which pauses after each small piece of its work.
        on_round: Called after each round.

    Attributes:
        interval_s: From the end of a round to the beginning of the next.
    """

    def __init__(self, look_around: Callable[[], AsyncGenerator[None, None]], on_round: Callable[[], None]) -> None:
        self.interval_s = _INTERVAL_S
        self._look_around = look_around
        self._on_round = on_round
        self._round: AsyncGenerator[None, None] | None = None
        self._ended_at = -math.inf

    @property
    def is_due(self) -> bool:
        """Whether a round is under way, or should begin."""
        return self._round is not None or time.monotonic() - self._ended_at >= self.interval_s

    async def go_on(self) -> None:
        """Works for one slice."""
        self._round = self._round or self._look_around()
        until = time.monotonic() + _SLICE_S
        async for _ in self._round:
            if time.monotonic() >= until:
                return
        self._round, self._ended_at = None, time.monotonic()
        self._on_round()

    async def aclose(self) -> None:
        """Leaves a round that is under way."""
        if self._round is not None:
            await self._round.aclose()
