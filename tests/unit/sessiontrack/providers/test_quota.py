"""No stretch of time sees more than its limit, and nobody waits for longer than they care to."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessiontrack.errors import ConfigurationError, TransientError
from sessiontrack.providers.quota import DAY_S, MINUTE_S, Quota, Window
from sessiontrack.providers.retrying import retrying


class Clock:
    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@given(st.lists(st.tuples(st.integers(1, 10), st.floats(0, 90)), max_size=40))
async def test_no_minute_sees_more_than_its_limit(calls: list[tuple[int, float]]) -> None:
    clock = Clock()
    quota = Quota([Window("texts per minute", MINUTE_S, 10)], clock=lambda: clock.now, sleep=clock.sleep)
    spent: list[tuple[float, int]] = []
    for amount, pause in calls:
        clock.now += pause
        await quota.spend(amount, 0, patience_s=MINUTE_S + 1)
        spent.append((clock.now, amount))
    for end, _ in spent:
        assert sum(amount for at, amount in spent if end - MINUTE_S + 1e-6 < at <= end) <= 10


async def test_who_would_wait_too_long_is_told_for_how_long_and_spends_nothing() -> None:
    clock = Clock()
    quota = Quota(
        [Window("texts per day", DAY_S, 3)], [Window("tokens per minute", MINUTE_S, 10)],
        clock=lambda: clock.now, sleep=clock.sleep,
    )  # fmt: skip
    await quota.spend(2, 5, patience_s=60)
    with pytest.raises(TransientError, match="3 texts per day") as raised:
        await quota.spend(2, 5, patience_s=60)
    assert raised.value.retry_after_s == DAY_S
    await quota.spend(1, 5, patience_s=0)
    assert clock.slept == []


async def test_what_is_used_of_each_limit_is_told_and_becomes_less_with_time() -> None:
    clock = Clock()
    windows = [Window("texts per minute", MINUTE_S, 4), Window("texts per day", DAY_S, 100)]
    quota = Quota(windows, clock=lambda: clock.now, sleep=clock.sleep)
    await quota.spend(3, 0, patience_s=0)
    assert quota.used() == {"texts per minute": 0.75, "texts per day": 0.03}
    clock.now += MINUTE_S
    assert quota.used() == {"texts per minute": 0, "texts per day": 0.03}


async def test_more_than_the_limit_at_once_waits_for_all_else() -> None:
    clock = Clock()
    quota = Quota(tokens=[Window("tokens per minute", MINUTE_S, 10)], clock=lambda: clock.now, sleep=clock.sleep)
    await quota.spend(1, 1, patience_s=60)
    await quota.spend(1, 25, patience_s=60)
    assert clock.slept == [MINUTE_S]


async def test_a_retry_comes_no_earlier_than_the_server_wants() -> None:
    clock, errors = Clock(), [TransientError("busy", retry_after_s=12.0), TransientError("busy")]

    async def call() -> str:
        if errors:
            raise errors.pop(0)
        return "done"

    assert await retrying(call, sleep=clock.sleep) == "done"
    assert clock.slept[0] > 12 > clock.slept[1]


@pytest.mark.parametrize(
    ("error", "tries"),
    [
        (TransientError("away"), 5),
        (TransientError("quota", retry_after_s=3600), 1),
        (ConfigurationError("wrong key"), 1),
    ],
)
async def test_retries_end(error: TransientError, tries: int) -> None:
    clock, calls = Clock(), []

    async def call() -> None:
        calls.append(error)
        raise error

    with pytest.raises(TransientError):
        await retrying(call, sleep=clock.sleep)
    assert len(calls) == tries
