from __future__ import annotations

from itertools import islice

from sessiontrack.backoff import backoff_delays


def test_delays_double_up_to_a_bound_and_are_never_nothing() -> None:
    delays = list(islice(backoff_delays(), 40))
    bounds = [min(0.1 * 2**n, 10.0) for n in range(40)]
    assert all(bound / 2 <= delay <= bound for delay, bound in zip(delays, bounds, strict=True))
