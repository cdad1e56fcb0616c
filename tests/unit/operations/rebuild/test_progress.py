from __future__ import annotations

from operations.rebuild.progress import Meter, Progress


def test_rate_and_time_left_are_those_of_this_run() -> None:
    now = 100.0
    told: list[Progress] = []
    meter = Meter(told.append, lambda: now)
    meter.resume(1_000)
    meter.begin("filling", left=900)
    now = 103.0
    meter.count(300, 450)
    assert told == [Progress("filling", 1_000, 900, 0, 0.0, 0), Progress("filling", 1_300, 600, 450, 3.0, 300)]
    assert [each.seconds_left for each in told] == [None, 6.0]


def test_a_further_part_goes_on_counting() -> None:
    told: list[Progress] = []
    meter = Meter(told.append, lambda: 0.0)
    meter.begin("filling", left=5)
    meter.count(7, 7)
    meter.begin("catching up", left=2)
    meter.count(2, 2)
    assert [(each.doing, each.read, each.left) for each in told] == [
        ("filling", 0, 5),
        ("filling", 7, 0),
        ("catching up", 7, 2),
        ("catching up", 9, 0),
    ]
