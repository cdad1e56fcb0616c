"""What was read a moment ago, for the next who ask: a page that many have open is read from the store once a second."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, TypeVar

from sessiontrack.telemetry.api_metrics import ApiMetrics

# No answer is older.
MOST_AGE_S = 1.0
# A page of messages is some hundred kilobytes: tens of megabytes at most, as a rule.
MOST_ANSWERS = 128

Answer = TypeVar("Answer")


class Recent:
    """Answers of the last second, the most recent ones; for any thread.

    Args:
        metrics: Told how often an answer was there.
        clock: Seconds; only differences count.
        most: How many are kept.
    """

    def __init__(
        self, metrics: ApiMetrics, clock: Callable[[], float] = time.monotonic, most: int = MOST_ANSWERS
    ) -> None:
        self._metrics, self._clock, self._most = metrics, clock, most
        self._answers: OrderedDict[Hashable, tuple[float, Any]] = OrderedDict()
        self._in_use = Lock()

    def get(self, key: Hashable, read: Callable[[], Answer]) -> Answer:
        """The answer of the last second, else a new one; what `read` raises is not kept.

        Args:
            key: What is asked.
            read: Reads the answer.
        """
        with self._in_use:
            # The age counts from before the reading: what is written meanwhile may be missing in the answer.
            now = self._clock()
            at, answer = self._answers.get(key, (now - MOST_AGE_S, None))
        fresh = now - at < MOST_AGE_S
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
