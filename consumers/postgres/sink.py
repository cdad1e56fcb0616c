"""The PostgreSQL sink: for each batch one transaction of binary COPY into temporary tables and one upsert per table.

A unique key of a partitioned table has to hold the time that places the row, so only what can't change its time is
partitioned: a line's time is part of what its id is made of. A tool call's time does change, when its result is known
before its call, and a fact's can differ from capture to capture: `tool_calls` has no partitions, and facts are looked
for in all of them.
"""

from __future__ import annotations

from collections.abc import Sequence

from psycopg import AsyncCursor

from consumers.postgres.activity import stage_touched, sum_up_touched
from consumers.postgres.applying import apply, stage
from consumers.postgres.batch import Removed, Stored, fold, project
from consumers.postgres.rows import Row, tables_of
from consumers.postgres.writing import PostgresWriter
from consumers.sink import Offsets, Partition, Received, ends
from schemas.codec import Decoder
from schemas.topics import DERIVED, EVENTS, MESSAGES, Topic
from sessiontrack.settings import Settings


class PostgresSink:
    """Keeps the tables of `consumers.postgres.rows`, and what `consumers.postgres.activity` sums up of them.

    Args:
        settings: Where PostgreSQL is.
        replace_equal: Whether a record also replaces one of its own version, wherever that stands: a repair.
    """

    name = "postgres"
    topics: Sequence[Topic] = (EVENTS, *DERIVED)

    def __init__(self, settings: Settings, *, replace_equal: bool = False) -> None:
        self._replace_equal = replace_equal
        self._writer = PostgresWriter(settings.postgres, self.name, self._stage)

    async def open(self) -> None:
        """Connects."""
        await self._writer.open()

    def start_offset(self, partition: Partition, committed: int) -> int:
        """Where the group stopped: nothing is held back."""
        return committed

    def project(self, received: Received, decoder: Decoder) -> Stored | Removed:
        """The rows of a record, as COPY reads them."""
        record = None if received.value is None else decoder.decode(received.value)
        return project(received.partition.topic, received.key, record)

    async def write(self, batch: Sequence[Received]) -> Offsets:
        """Writes a batch in one transaction; all of it is durable then, or none."""
        changes = fold(batch)
        async with self._writer.transaction() as cursor:
            for topic, of_topic in changes.items():
                await apply(cursor, tables_of(topic), of_topic, replace_equal=self._replace_equal)
            if MESSAGES.name in changes:
                await sum_up_touched(cursor)
        return ends(batch)

    async def idle(self) -> Offsets:
        """Nothing is held back."""
        return {}

    def revoked(self, partitions: Sequence[Partition]) -> None:
        """Nothing is held back."""

    async def close(self) -> None:
        """Disconnects."""
        await self._writer.close()

    async def _stage(self, cursor: AsyncCursor[Row]) -> None:
        await stage(cursor, [tables_of(topic.name)[0] for topic in self.topics])
        await stage_touched(cursor)
