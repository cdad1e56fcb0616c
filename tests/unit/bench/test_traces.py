"""The interval that a median is told with."""

from __future__ import annotations

import random

from bench.traces import interval


def test_the_median_of_ten_pairs_lies_between_the_second_and_the_second_last() -> None:
    found = interval([0.5, 0.1, 0.9, 0.3, 0.7, 0.2, 0.8, 0.4, 0.6, 1.0])
    assert (found.median, found.low, found.high, found.confidence) == (0.55, 0.2, 0.9, 0.9785)


def test_few_pairs_have_a_wide_interval_that_says_how_little_it_is_worth() -> None:
    assert interval([0.2, 0.1])[1:] == (0.1, 0.2, 0.5)
    assert interval([0.1])[1:] == (0.1, 0.1, 0.0)


def test_it_is_right_as_often_as_it_says() -> None:
    drawn = random.Random(1)
    intervals = [interval([drawn.gauss(0, 1) for _ in range(10)]) for _ in range(2_000)]
    assert sum(low <= 0 <= high for _, low, high, _ in intervals) / 2_000 > 0.96
