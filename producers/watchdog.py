"""Tells when a broker falls silent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

# Silence is counted in ticks of the event loop's clock, not read from it: a loop that its own program holds up for a
# while fires one tick then, and what came in meanwhile is seen before the next.
_TICKS = 4
# With thousands in flight the oldest is old and the broker well, as long as it acknowledges others; unless that goes on
# for so many times the patience, as when the leader of one partition is gone.
_STUCK_FACTOR = 20


class Watchdog:
    """Watches while events are in flight.

    Args:
        patience_s: How long a broker may acknowledge nothing.
        on_silence: Called once when it was silent for longer; the watch is over then.
    """

    def __init__(self, patience_s: float, on_silence: Callable[[], None]) -> None:
        self._tick_s = patience_s / _TICKS
        self._on_silence = on_silence
        self._silent = 0
        self._stuck = 0
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Watches from now on, unless it does so already."""
        if self._timer is None:
            self._silent = self._stuck = 0
            self._timer = asyncio.get_running_loop().call_later(self._tick_s, self._tick)

    def acknowledged(self, *, oldest: bool) -> None:
        """An event was acknowledged: the one that waited longest, or another."""
        self._silent = 0
        if oldest:
            self._stuck = 0

    def stop(self) -> None:
        """Ends the watch: nothing is in flight."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tick(self) -> None:
        self._silent += 1
        self._stuck += 1
        if self._silent >= _TICKS or self._stuck >= _TICKS * _STUCK_FACTOR:
            self._timer = None
            self._on_silence()
        else:
            self._timer = asyncio.get_running_loop().call_later(self._tick_s, self._tick)
