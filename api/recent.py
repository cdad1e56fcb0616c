"""What was read a moment ago, for the next who ask: a page that many have open is read from the store once a second."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, TypeVar

from sessiontrack.telemetry.api_metrics import ApiMetrics

# A page that many have open shows what is so now.
MOST_AGE_S = 1.0
# A page of messages is some hundred kilobytes: tens of megabytes at most, as a rule.
MOST_ANSWERS = 128

Answer = TypeVar("Answer")


class Recent:
    """Answers of the last second, or as long as one likes, the most recent ones; for any thread.

    Args:
        metrics: Told how often an answer was there.
        clock: Seconds; only differences count.
        most: How many are kept.
        most_age_s: No answer is older, seconds.
    """

    def __init__(
        self,
        metrics: ApiMetrics,
        clock: Callable[[], float] = time.monotonic,
        most: int = MOST_ANSWERS,
        most_age_s: float = MOST_AGE_S,
    ) -> None:
        self._metrics, self._clock, self._most, self._most_age_s = metrics, clock, most, most_age_s
        self._answers: OrderedDict[Hashable, tuple[float, Any]] = OrderedDict()
        self._in_use = Lock()

    def get(self, key: Hashable, read: Callable[[], Answer]) -> Answer:
        """The answer that is not too old, else a new one; what `read` raises is not kept.

        Args:
            key: What is asked.
            read: Reads the answer.
        """
        with self._in_use:
            # The age counts from before the reading: what is written meanwhile may be missing in the answer.
            now = self._clock()
            at, answer = self._answers.get(key, (now - self._most_age_s, None))
        fresh = now - at < self._most_age_s
        self._metrics.read("memory" if fresh else "store")
        if fresh:
            found: Answer = answer
            return found
        made = read()
        with self._in_use:
            self._answers[key] = now, made
            self._answers.move_to_end(key)
            while len(self._answers) > self._most:
                self._answers.popitem(last=False)
        return made
