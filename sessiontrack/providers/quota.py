"""Keeps calls within what a provider allows in a minute and in a day."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from sessiontrack.errors import TransientError

MINUTE_S, DAY_S = 60.0, 86_400.0


@dataclass(slots=True)
class Window:
    """An amount that may be spent in any stretch of time of one length, however it is laid.

    Attributes:
        unit: What is counted, for people.
        span_s: The length, seconds.
        limit: Most units in it.
    """

    unit: str
    span_s: float
    limit: int
    _spent: deque[tuple[float, int]] = field(default_factory=deque)
    _sum: int = 0

    def wait_s(self, amount: int, now: float) -> float:
        """Seconds until the amount may be spent; an amount above the limit waits until nothing else counts."""
        while self._spent and self._spent[0][0] <= now - self.span_s:
            self._sum -= self._spent.popleft()[1]
        surplus = self._sum + min(amount, self.limit) - self.limit
        wait = 0.0
        for spent_at, spent in self._spent:
            if surplus <= 0:
                break
            surplus, wait = surplus - spent, spent_at + self.span_s - now
        return wait

    def spent(self, now: float) -> int:
        """What counts now; may be asked from any thread."""
        # The copy is made at once, so that the deque may change meanwhile.
        return sum(amount for at, amount in list(self._spent) if at > now - self.span_s)

    def spend(self, amount: int, now: float) -> None:
        """Notes what is spent."""
        self._spent.append((now, amount))
        self._sum += amount


class Quota:
    """What one process may spend of a provider's allowance. Who comes first is served first.

    Args:
        requests: Windows that count texts.
        tokens: Windows that count their tokens.
        clock: Seconds, of any origin.
        sleep: Waits for seconds.
    """

    def __init__(
        self,
        requests: Sequence[Window] = (),
        tokens: Sequence[Window] = (),
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._requests, self._tokens = requests, tokens
        self._clock, self._sleep = clock, sleep
        self._turn = asyncio.Lock()

    def used(self) -> dict[str, float]:
        """Of each window, by its unit, the share that is used up; may be asked from any thread."""
        now = self._clock()
        return {each.unit: each.spent(now) / each.limit for each in (*self._requests, *self._tokens)}

    async def spend(self, requests: int, tokens: int, *, patience_s: float) -> None:
        """Waits until the amounts are allowed, and counts them as spent.

        Raises:
            TransientError: It would take longer than the patience; nothing was spent.
        """
        async with self._turn:
            amounts = [(each, requests) for each in self._requests] + [(each, tokens) for each in self._tokens]
            now = self._clock()
            wait, window = max(
                ((each.wait_s(amount, now), each) for each, amount in amounts),
                key=lambda pair: pair[0],
                default=(0.0, None),
            )
            if window is not None and wait > patience_s:
                raise TransientError(
                    f"the quota of {window.limit} {window.unit} is used up for {wait:.0f} s",
                    hint="It goes on by itself; a higher quota is set in [embedding].",
                    retry_after_s=wait,
                )
            if wait > 0:
                await self._sleep(wait)
            for each, amount in amounts:
                each.spend(amount, self._clock())
