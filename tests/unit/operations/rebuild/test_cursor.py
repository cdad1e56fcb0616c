from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.archive.layout import Log, SegmentKey
from operations.rebuild.cursor import Cursor, Gap, gaps, in_order, left_to_read, name_of
from queries.archive import Segment
from sessiontrack.errors import SessionTrackError

# The older log sorts behind the younger one: their ids say nothing of their age.
OLD, NEW = (Log("cluster", log_id, "sessiontrack.events.v1") for log_id in ("z", "a"))
LOGS = [OLD, NEW]


def segment(log: Log, first: int, last: int, partition: int = 0) -> Segment:
    return Segment(SegmentKey(log, partition, first, last), has_records=True, has_manifest=True)


def joined(log: Log, lengths: list[int]) -> list[Segment]:
    bounds = [sum(lengths[:count]) for count in range(len(lengths) + 1)]
    return [segment(log, first, end - 1) for first, end in pairwise(bounds)]


def test_the_older_log_comes_first() -> None:
    segments = [segment(NEW, 0, 9), segment(OLD, 10, 19), segment(OLD, 0, 9)]
    assert in_order(segments, LOGS) == [segment(OLD, 0, 9), segment(OLD, 10, 19), segment(NEW, 0, 9)]


@given(st.lists(st.integers(1, 5)), st.lists(st.integers(1, 5)), st.data())
def test_what_is_left_to_read_holds_each_offset_behind_the_cursor(
    old: list[int], new: list[int], data: st.DataObject
) -> None:
    segments = joined(OLD, old) + joined(NEW, new)
    offsets = [(each.key.log, at) for each in segments for at in range(each.key.first, each.key.last + 1)]
    read = data.draw(st.integers(0, len(offsets)))
    cursor = Cursor(name_of(offsets[read - 1][0]), offsets[read - 1][1] + 1) if read else Cursor()
    left = left_to_read(segments, LOGS, cursor)
    found = [(each.key.log, at) for each in left for at in range(each.key.first, each.key.last + 1)]
    assert found[-len(offsets[read:]) :] == offsets[read:] or not offsets[read:]
    assert all(each.key.last >= cursor.offset for each in left if name_of(each.key.log) == cursor.log)


def test_a_log_that_the_archive_has_lost_is_told() -> None:
    with pytest.raises(SessionTrackError, match="no more"):
        left_to_read([segment(NEW, 0, 9)], [NEW], Cursor(name_of(OLD), 5))


@pytest.mark.parametrize(
    ("segments", "begin", "expected"),
    [
        pytest.param([], 0, [], id="the log has everything"),
        pytest.param([segment(NEW, 0, 9)], 5, [], id="they overlap"),
        pytest.param([segment(NEW, 0, 9)], 10, [], id="they join"),
        pytest.param([segment(NEW, 0, 9)], 12, [Gap(name_of(NEW), 0, 10, 11)], id="the log begins too late"),
        pytest.param([], 3, [Gap(name_of(NEW), 0, 0, 2)], id="there is no archive"),
        pytest.param(
            [segment(OLD, 0, 9), segment(OLD, 20, 29)], 0, [Gap(name_of(OLD), 0, 10, 19)], id="a segment is missing"
        ),
        pytest.param([segment(OLD, 4, 9)], 0, [Gap(name_of(OLD), 0, 0, 3)], id="the first segment is missing"),
    ],
)
def test_gaps(segments: list[Segment], begin: int, expected: list[Gap]) -> None:
    assert gaps(segments, NEW, {0: begin}) == expected
