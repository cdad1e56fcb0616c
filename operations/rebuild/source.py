"""Where a rebuild reads its events: one surface, whatever is behind it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Literal, NamedTuple, Protocol

from operations.rebuild.cursor import Cursor
from streams.batch import Placed

Origin = Literal["log", "archive"]


class Chunk(NamedTuple):
    """Events of one partition that follow each other.

    Attributes:
        events: With their positions; may be empty.
        cursor: Where to read on after them.
        records: How many offsets were passed.
    """

    events: Sequence[Placed]
    cursor: Cursor
    records: int


class Source(Protocol):
    """Reads events, partition by partition."""

    async def ends(self) -> dict[int, int]:
        """The end offset of each partition of the present log, as of now."""

    def left(self, partition: int, cursor: Cursor, end: int) -> int:
        """How many records are left to read of a partition.

        Args:
            partition: Its number.
            cursor: How far it is read.
            end: Where in the present log to stop.
        """

    def read(self, partition: int, cursor: Cursor, end: int) -> AsyncIterator[Chunk]:
        """The events behind a cursor, in order.

        Args:
            partition: Its number.
            cursor: How far it is read.
            end: Where in the present log to stop.

        Raises:
            CorruptSegmentError: A segment is missing, or is not what was put there.
            UnavailableError: A server does not answer.
        """

    def close(self) -> None:
        """Disconnects."""
