"""The conservation law for one unit: expected = stored + set aside, or what differs is named."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from queries.verify.comparison import Check, Comparison, Dataset, Found, SetAside, compare

RECORDS = st.dictionaries(st.text("abcdef", min_size=1, max_size=2), st.binary(max_size=1), max_size=8)
DATASET = Dataset("store", "dataset")


def compared(expected: dict[str, bytes], stored: list[tuple[str, bytes]], set_aside: set[str]) -> Comparison:
    found = [Found("s", record_id, digest, "s") for record_id, digest in stored]
    return compare(DATASET, "s", expected, found, SetAside(set_aside), "s")


@given(RECORDS, st.sets(st.text("abcdef", min_size=1, max_size=2)))
def test_what_is_stored_or_set_aside_differs_in_nothing(expected: dict[str, bytes], aside: set[str]) -> None:
    result = compared(expected, [each for each in expected.items() if each[0] not in aside], aside)
    assert result.differences == []
    assert len(expected) == result.stored + result.dead_lettered


@given(RECORDS, RECORDS)
def test_every_difference_is_named_once(expected: dict[str, bytes], stored: dict[str, bytes]) -> None:
    result = compared(expected, list(stored.items()), set())
    named = {(each.kind, each.record_id) for each in result.differences}
    assert named == {
        *(("missing", record_id) for record_id in expected.keys() - stored.keys()),
        *(("surplus", record_id) for record_id in stored.keys() - expected.keys()),
        *(("altered", key) for key in expected.keys() & stored.keys() if expected[key] != stored[key]),
    }
    assert len(named) == len(result.differences)


def test_a_record_that_is_there_twice_is_surplus() -> None:
    result = compared({"a": b"1"}, [("a", b"1"), ("a", b"1")], set())
    assert [(each.kind, each.record_id) for each in result.differences] == [("surplus", "a")]


def test_an_older_version_is_explained_by_a_newer_one_that_was_set_aside() -> None:
    result = compared({"a": b"2"}, [("a", b"1")], {"a"})
    assert (result.differences, result.stored, result.dead_lettered) == ([], 0, 1)


def test_what_a_person_gave_up_is_no_difference() -> None:
    found = compare(DATASET, "s", {"a": b"1"}, [], SetAside(discarded={"a"}))
    assert (found.differences, found.discarded) == ([], 1)


def test_sessions_that_went_on_are_left_out() -> None:
    check = Check("store", "dataset", 1, 0, 0, 0, 0, tuple(compared({"a": b"1"}, [], set()).differences))
    assert check.without({"s"}).differences == ()
    assert check.without({"other"}).differences == check.differences
