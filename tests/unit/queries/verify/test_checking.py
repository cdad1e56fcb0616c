"""Whatever happens to a store, a verify names exactly what differs, and reads only what may have changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from queries.verify.checking import check_dataset
from queries.verify.comparison import Check, Dataset, Difference, Found, SetAside, Total, total_of
from queries.verify.ledger import opened

DATASET = Dataset("memory", "records")
UNITS = st.sampled_from(["s1", "s2", "s3"])
IDS = st.sampled_from("abcd")
CONTENTS = st.binary(min_size=1, max_size=1)


def digest_of(record_id: str, content: bytes) -> bytes:
    """As that of a row: two records never have the same, for it is made of their ids too."""
    return sha256(record_id.encode() + content).digest()


class MemoryStore:
    """A store that numbers its writes, as OpenSearch does."""

    datasets: Sequence[Dataset] = (DATASET,)
    exclusive = True

    def __init__(self) -> None:
        self.held: dict[tuple[str, str], tuple[bytes, int]] = {}
        self.reads: list[str] = []
        self.sums_up = True
        self._writes = 0

    def write(self, unit: str, record_id: str, digest: bytes) -> None:
        self._writes += 1
        self.held[unit, record_id] = digest, self._writes

    def fingerprints(self, dataset: Dataset) -> Mapping[str, str]:
        numbers: dict[str, list[int]] = {}
        for (unit, _), (_, number) in self.held.items():
            numbers.setdefault(unit, []).append(number)
        return {unit: f"{len(written)} {sum(written)}" for unit, written in numbers.items()}

    def totals(self, dataset: Dataset, units: Sequence[str]) -> Mapping[str, Total]:
        digests: dict[str, list[bytes]] = {}
        for (unit, _), (digest, _) in self.held.items():
            if self.sums_up and unit in units:
                digests.setdefault(unit, []).append(digest)
        return {unit: total_of(found) for unit, found in digests.items()}

    def records(self, dataset: Dataset, units: Sequence[str]) -> Iterator[Found | Difference]:
        self.reads += units
        for (unit, record_id), (digest, _) in self.held.items():
            if unit in units:
                yield Found(unit, record_id, digest, unit)


class Verification(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.opened = opened(None, "test")
        self.ledger = self.opened.__enter__()
        self.store = MemoryStore()
        self.expected: dict[tuple[str, str], bytes] = {}
        self.set_aside: set[str] = set()

    def teardown(self) -> None:
        if hasattr(self, "opened"):
            self.opened.__exit__(None, None, None)

    @rule(unit=UNITS, record_id=IDS, content=CONTENTS, delivered=st.booleans())
    def log(self, unit: str, record_id: str, content: bytes, delivered: bool) -> None:
        digest = digest_of(record_id, content)
        with self.ledger.batch():
            self.ledger.expect(DATASET, unit, [(record_id, digest)])
        self.expected[unit, record_id] = digest
        if delivered:
            self.store.write(unit, record_id, digest)

    @rule(unit=UNITS, record_id=IDS)
    def remove(self, unit: str, record_id: str) -> None:
        self.store.held.pop((unit, record_id), None)

    @rule(unit=UNITS, record_id=IDS, content=CONTENTS)
    def alter_or_add(self, unit: str, record_id: str, content: bytes) -> None:
        self.store.write(unit, record_id, digest_of(record_id, content))

    @rule()
    def repair(self) -> None:
        for unit, record_id in self.store.held.keys() - self.expected.keys():
            del self.store.held[unit, record_id]
        for (unit, record_id), digest in self.expected.items():
            self.store.write(unit, record_id, digest)

    @rule()
    def sums_up_or_not(self) -> None:
        self.store.sums_up = not self.store.sums_up

    @rule(record_id=IDS)
    def set_aside_or_take_back(self, record_id: str) -> None:
        self.set_aside ^= {record_id}

    @invariant()
    def names_exactly_what_differs(self) -> None:
        if not hasattr(self, "ledger"):
            return
        check = self._checked()
        stored = {key: digest for key, (digest, _) in self.store.held.items()}
        named = {(each.kind, each.session_id, each.record_id) for each in check.differences}
        unequal = {key for key, digest in self.expected.items() if stored.get(key) != digest}
        unexplained = {key for key in unequal if key[1] not in self.set_aside}
        assert named == {
            *(("altered" if key in stored else "missing", *key) for key in unexplained),
            *(("surplus", *key) for key in stored.keys() - self.expected.keys()),
        }
        assert check.expected == len(self.expected)
        assert check.dead_lettered == len(unequal - unexplained)
        assert check.expected == check.stored + check.dead_lettered + len(unexplained)

    @invariant()
    def reads_no_whole_unit_again(self) -> None:
        if not hasattr(self, "ledger"):
            return
        differing = {each.session_id for each in self._checked().differences}
        set_aside = {unit for unit, record_id in self.expected if record_id in self.set_aside}
        self.store.reads.clear()
        self._checked()
        assert set(self.store.reads) <= differing | set_aside

    def _checked(self) -> Check:
        return check_dataset(self.ledger, self.store, DATASET, SetAside(self.set_aside))


TestVerification: Any = Verification.TestCase
TestVerification.settings = settings(max_examples=60, stateful_step_count=20, deadline=None)


def test_a_session_that_should_have_nothing_is_compared_when_it_is_named() -> None:
    store = MemoryStore()
    store.write("s1", "a", b"1")
    store.write("s2", "b", b"1")
    with opened(None, "test") as ledger:
        check = check_dataset(ledger, store, DATASET, only=["s1"])
    assert [(each.kind, each.record_id) for each in check.differences] == [("surplus", "a")]


@pytest.mark.parametrize(("deep", "read"), [(False, []), (True, ["s1"])], ids=["totals", "deep"])
def test_where_the_total_is_as_expected_nothing_is_read_unless_that_is_asked_for(deep: bool, read: list[str]) -> None:
    store = MemoryStore()
    with opened(None, "test") as ledger:
        with ledger.batch():
            ledger.expect(DATASET, "s1", [("a", b"1"), ("b", b"2")])
        for record_id, digest in (("b", b"2"), ("a", b"1")):
            store.write("s1", record_id, digest)
        check = check_dataset(ledger, store, DATASET, deep=deep)
    assert (check.expected, check.stored, check.differences, store.reads) == (2, 2, (), read)
