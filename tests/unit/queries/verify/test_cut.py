"""How far a worker is behind a cut."""

from __future__ import annotations

from aiokafka import TopicPartition

from queries.verify.cut import behind

PARTITIONS = [TopicPartition("events", number) for number in range(3)]


def test_records_before_the_first_that_is_kept_are_not_waited_for() -> None:
    begins = dict(zip(PARTITIONS, (0, 50, 0), strict=True))
    targets = dict(zip(PARTITIONS, (10, 60, 0), strict=True))
    assert behind({}, targets, begins) == 10 + 10
    assert behind({PARTITIONS[0]: 4, PARTITIONS[1]: 20}, targets, begins) == 6 + 10


def test_who_is_ahead_of_one_partition_does_not_make_up_for_another() -> None:
    begins = dict.fromkeys(PARTITIONS, 0)
    targets = dict.fromkeys(PARTITIONS, 10)
    assert behind({PARTITIONS[0]: 1000, PARTITIONS[1]: 10}, targets, begins) == 10
