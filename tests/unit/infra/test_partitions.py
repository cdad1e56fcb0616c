from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from infra.migrations.partitions import months, next_month


def epoch_ms(*moment: int) -> int:
    return int(datetime(*moment, tzinfo=UTC).timestamp() * 1000)  # type: ignore[misc,arg-type]


@pytest.mark.parametrize(
    ("now", "last"),
    [
        (epoch_ms(2026, 1, 31, 23, 59), date(2026, 4, 1)),
        (epoch_ms(2026, 9, 1), date(2026, 12, 1)),
        (epoch_ms(2026, 11, 22), date(2027, 2, 1)),
    ],
    ids=["end of January", "end of the year", "into the next year"],
)
def test_months_reach_three_ahead_without_a_gap(now: int, last: date) -> None:
    found = list(months(date(2025, 12, 1), now))
    assert found[0] == date(2025, 12, 1)
    assert found[-1] == last
    assert [next_month(month) for month in found[:-1]] == found[1:]
