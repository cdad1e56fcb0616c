from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from streams.bounded import MOST_ROWS, row_of


def test_a_full_table_is_the_same_in_any_order() -> None:
    keys = [f"{number:05}" for number in range(MOST_ROWS * 2)] * 2

    def folded(order: Iterable[str]) -> dict[str, list[int]]:
        table: dict[str, list[int]] = {}
        for key in order:
            row = row_of(table, key, lambda: [0])
            if row is not None:
                row[0] += 1
        return table

    assert folded(keys) == folded(reversed(keys))
    assert len(folded(keys)) == MOST_ROWS
    assert Counter(row[0] for row in folded(keys).values()) == {2: MOST_ROWS}
