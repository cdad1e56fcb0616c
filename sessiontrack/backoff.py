"""How long to wait before trying again what time will heal."""

from __future__ import annotations

import random
from collections.abc import Iterator

# A server that restarts is back within a second or so: the first waits are short.
_FIRST_DELAY_S = 0.1
# Ten seconds after a long outage is soon enough, and a fleet of workers that asks so often harms nobody.
_LONGEST_DELAY_S = 10.0


def backoff_delays() -> Iterator[float]:
    """Seconds to wait after each failure in a row: exponential with jitter, without end.

    Source: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/ ("equal jitter").
    """
    bound = _FIRST_DELAY_S
    while True:
        yield random.uniform(bound / 2, bound)  # noqa: S311  # spreads retries, guards nothing
        bound = min(bound * 2, _LONGEST_DELAY_S)
