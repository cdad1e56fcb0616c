"""What was read a moment ago is not read again, and nothing is older than a second."""

import pytest

from api.recent import MOST_AGE_S, MOST_ANSWERS, Recent
from sessiontrack.telemetry.api_metrics import ApiMetrics


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_an_answer_is_given_again_for_a_second_and_counted() -> None:
    clock, metrics = Clock(), ApiMetrics()
    recent = Recent(metrics, clock)
    assert recent.get("a", lambda: 1) == 1
    clock.now += MOST_AGE_S * 0.99
    assert recent.get("a", lambda: 2) == 1
    assert recent.get("b", lambda: 3) == 3
    clock.now += MOST_AGE_S * 0.01
    assert recent.get("a", lambda: 4) == 4
    reads = {
        source: metrics.registry.get_sample_value("sessiontrack_api_reads_total", {"source": source})
        for source in ("memory", "store")
    }
    assert reads == {"memory": 1, "store": 3}


def test_the_second_counts_from_before_the_reading() -> None:
    clock = Clock()
    recent = Recent(ApiMetrics(), clock)

    def slowly() -> int:
        clock.now += 0.8
        return 1

    recent.get("a", slowly)
    clock.now += 0.3
    assert recent.get("a", lambda: 2) == 2


def test_what_can_not_be_read_is_not_kept() -> None:
    recent = Recent(ApiMetrics(), Clock())
    with pytest.raises(ZeroDivisionError):
        recent.get("a", lambda: 1 // 0)
    assert recent.get("a", lambda: 2) == 2


def test_it_is_bounded_and_what_was_read_longest_ago_goes_first() -> None:
    recent = Recent(ApiMetrics(), Clock())
    for number in range(MOST_ANSWERS + 1):
        recent.get(number, lambda: "first")
    assert recent.get(1, lambda: "again") == "first"
    assert recent.get(0, lambda: "again") == "again"
