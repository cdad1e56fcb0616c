"""The conservation law for one dataset: expected = stored + set aside, or what differs is named."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from queries.verify.ledger import Check, Ledger

RECORDS = st.dictionaries(st.text("abcdef", min_size=1, max_size=2), st.binary(max_size=1), max_size=8)


def close(expected: dict[str, bytes], stored: list[tuple[str, bytes]], set_aside: set[str]) -> Check:
    ledger = Ledger("store", "dataset")
    for record_id, digest in expected.items():
        ledger.expect(record_id, digest, "s")
    for record_id, digest in stored:
        ledger.found(record_id, digest, "s")
    return ledger.close(set_aside)


@given(RECORDS, st.sets(st.text("abcdef", min_size=1, max_size=2)))
def test_what_is_stored_or_set_aside_differs_in_nothing(expected: dict[str, bytes], aside: set[str]) -> None:
    stored = [(record_id, digest) for record_id, digest in expected.items() if record_id not in aside]
    check = close(expected, stored, aside)
    assert check.differences == ()
    assert check.expected == check.stored + check.dead_lettered


@given(RECORDS, RECORDS)
def test_every_difference_is_named_once(expected: dict[str, bytes], stored: dict[str, bytes]) -> None:
    check = close(expected, list(stored.items()), set())
    named = {(each.kind, each.record_id) for each in check.differences}
    assert named == {
        *(("missing", record_id) for record_id in expected.keys() - stored.keys()),
        *(("surplus", record_id) for record_id in stored.keys() - expected.keys()),
        *(("altered", key) for key in expected.keys() & stored.keys() if expected[key] != stored[key]),
    }
    assert len(named) == len(check.differences)


def test_a_record_that_is_there_twice_is_surplus() -> None:
    check = close({"a": b"1"}, [("a", b"1"), ("a", b"1")], set())
    assert [(each.kind, each.record_id) for each in check.differences] == [("surplus", "a")]


def test_sessions_that_went_on_are_left_out() -> None:
    check = close({"a": b"1"}, [], set())
    assert check.without({"s"}).differences == ()
    assert check.without({"other"}).differences == check.differences
