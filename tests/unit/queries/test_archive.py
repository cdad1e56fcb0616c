from __future__ import annotations

from collections.abc import Iterable

import pytest

from consumers.archive.layout import Log, SegmentKey, parse_key
from queries.archive import longest, partition_of

LOG = Log("dRZQxJFZNG7KOp0aqoXvQw", "-T_OswPQTGOfAy-1PomV5w", "sessiontrack.events.v1")


def key(first: int, last: int) -> SegmentKey:
    return SegmentKey(LOG, 3, first, last)


def whole(*keys: SegmentKey) -> list[str]:
    return [name for each in keys for name in (each.object, each.manifest)]


def test_a_key_says_what_it_holds() -> None:
    for name in whole(key(4096, 8191)):
        parsed = parse_key(name)
        assert parsed
        assert parsed[0] == key(4096, 8191)
    assert parse_key("claims/11111111/abc") is None


def test_keys_sort_as_offsets_do() -> None:
    keys = [key(first, first + 4095) for first in (0, 4096, 8192, 10**9, 10**15)]
    assert sorted(each.object for each in keys) == [each.object for each in keys]


@pytest.mark.parametrize(
    ("present", "expected"),
    [
        pytest.param(whole(key(0, 10), key(0, 99)), [key(0, 99)], id="the longest counts"),
        pytest.param(whole(key(4096, 5000), key(0, 4095)), [key(0, 4095), key(4096, 5000)], id="in order"),
        pytest.param([*whole(key(0, 10)), key(0, 99).object], [key(0, 10)], id="one that is being put does not"),
        pytest.param([*whole(key(0, 10)), key(0, 99).manifest], [key(0, 10)], id="one whose records are gone does not"),
        pytest.param([key(0, 99).object], [key(0, 99)], id="without a manifest, if there is no other"),
        pytest.param([key(0, 99).manifest], [key(0, 99)], id="a manifest tells what is missing"),
        pytest.param(["claims/s/abc", "archive/README"], [], id="what is no segment is left alone"),
    ],
)
def test_which_segments_count(present: Iterable[str], expected: list[SegmentKey]) -> None:
    assert [segment.key for segment in longest(present)] == expected


def test_a_segment_says_what_is_there_of_it() -> None:
    [segment] = longest([key(0, 99).manifest])
    assert (segment.has_records, segment.has_manifest) == (False, True)


@pytest.mark.parametrize(
    ("key", "murmur2"),
    [("21", -973932308), ("foobar", -790332482), ("a-little-bit-long-string", -985981536), ("abc", 479470107)],
)
def test_the_partition_is_the_one_that_kafka_itself_chooses(key: str, murmur2: int) -> None:
    # Values of org.apache.kafka.common.utils.UtilsTest.testMurmur2.
    assert partition_of(key) == (murmur2 & 0x7FFFFFFF) % 12
