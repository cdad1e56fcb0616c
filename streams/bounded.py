"""Tables in a state that hold a bounded number of rows, whatever is folded into it in whatever order."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

Row = TypeVar("Row")

# More people, models or tools than any session is known to have; a thousand rows are some 100 KiB of state.
MOST_ROWS = 1_000


def row_of(table: dict[str, Row], key: str, new: Callable[[], Row]) -> Row | None:
    """The row of `key`, made where it is missing; None where the table is full of smaller keys.

    A full table keeps the smallest keys: a key that is among them in the end was so from the start, so its row is
    complete, and the order of folding makes no difference.
    """
    row = table.get(key)
    if row is None:
        if len(table) >= MOST_ROWS:
            largest = max(table)
            if key > largest:
                return None
            del table[largest]
        row = table[key] = new()
    return row
