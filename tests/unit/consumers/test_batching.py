from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumers.batching import advanced, batch_length, latest, write_or_bisect
from consumers.sink import Offsets, Partition, Received
from sessiontrack.errors import TerminalError

EVEN, ODD = Partition("events", 0), Partition("events", 1)


def received(offset: int, size: int = 1) -> Received:
    partition = ODD if offset % 2 else EVEN
    return Received(partition, offset, 0, b"key", bytes(size), (), None)


@given(st.lists(st.integers(0, 50), max_size=30), st.integers(1, 40), st.integers(1, 200))
def test_a_batch_is_as_long_as_the_bounds_allow(sizes: list[int], most_records: int, most_bytes: int) -> None:
    records = [received(offset, size) for offset, size in enumerate(sizes)]
    length = batch_length(records, most_records, most_bytes)
    assert length <= most_records
    assert sum(sizes[:length]) <= most_bytes or length == 1
    assert length == len(sizes) or length == most_records or sum(sizes[: length + 1]) > most_bytes


class FussyStore:
    """Refuses a batch that holds one of some offsets, whole."""

    def __init__(self, refuses: set[int]) -> None:
        self.refuses = refuses
        self.stored: list[int] = []
        self.refused: list[int] = []

    async def write(self, records: Sequence[Received]) -> Offsets:
        if any(record.offset in self.refuses for record in records):
            raise TerminalError("a record does not fit")
        self.stored += [record.offset for record in records]
        return latest(*({record.partition: record.offset + 1} for record in records))

    async def refuse(self, record: Received, error: TerminalError) -> Offsets:
        self.refused.append(record.offset)
        return {record.partition: record.offset + 1}


@pytest.mark.parametrize("refuses", [set(), {0}, {7}, {3, 4}, set(range(8))], ids=str)
async def test_only_the_records_at_fault_are_refused_and_all_is_accounted_for(refuses: set[int]) -> None:
    store = FussyStore(refuses)
    offsets = await write_or_bisect([received(offset) for offset in range(8)], store.write, store.refuse)
    assert store.stored == [offset for offset in range(8) if offset not in refuses]
    assert store.refused == sorted(refuses)
    assert offsets == {EVEN: 7, ODD: 8}


async def test_what_is_not_the_records_fault_is_not_searched_for() -> None:
    async def write(records: Sequence[Received]) -> Offsets:
        raise RuntimeError("a bug")

    with pytest.raises(RuntimeError):
        await write_or_bisect([received(0), received(1)], write, FussyStore(set()).refuse)


def test_offsets_never_go_back() -> None:
    assert latest({EVEN: 5}, {EVEN: 3, ODD: 1}) == {EVEN: 5, ODD: 1}
    assert advanced({EVEN: 5, ODD: 1}, {EVEN: 5}) == {ODD: 1}
    assert advanced({ODD: 0}, {}) == {ODD: 0}
