"""Writes passages and sessions as vectors to PostgreSQL: the sink `postgres-vectors`.

A sink of its own, because each row goes into a graph: the rows of the other tables never wait for that.
"""

from __future__ import annotations

from collections.abc import Sequence

from psycopg import AsyncCursor

from consumers.embedded import embedded
from consumers.postgres.applying import apply, stage
from consumers.postgres.rows import Row
from consumers.postgres.writing import PostgresWriter
from consumers.postgres_vectors.batch import Projected, fold, projected
from consumers.postgres_vectors.tables import KNOWN_SPACES, LOCK, SERVING_SPACE, making, serving, table_in, tables_in
from consumers.sink import Offsets, Partition, Received, ends
from schemas.codec import Decoder
from schemas.topics import EMBEDDED, Topic
from schemas.vectors import space_slug
from sessiontrack.errors import ConfigurationError
from sessiontrack.settings import Settings


class PostgresVectorSink:
    """One row for each record in the table of its space; a higher version replaces a lower one."""

    name = "postgres-vectors"
    topics: Sequence[Topic] = EMBEDDED

    def __init__(self, settings: Settings) -> None:
        self._writer = PostgresWriter(settings.postgres, self.name, self._prepare)
        self._spaces: set[str] = set()

    async def open(self) -> None:
        """Connects."""
        await self._writer.open()

    def start_offset(self, partition: Partition, committed: int) -> int:
        """Where the group stands."""
        return committed

    def project(self, received: Received, decoder: Decoder) -> Projected:
        """The row of a record, as COPY reads it."""
        return projected(embedded(received, decoder))

    async def write(self, batch: Sequence[Received]) -> Offsets:
        """Writes a batch in one transaction, to tables that are made before the first record of their space."""
        records: list[Projected] = [received.projection for received in batch]
        await self._make_spaces({each.space for each in records if each.stored and each.space})
        if not all(each.stored for each in records):
            # What is to be deleted may be of a space that another worker made, whose partition came to this one.
            await self._take_up_known()
        async with self._writer.transaction() as cursor:
            for (space, topic), changes in fold(records, self._spaces).items():
                await apply(cursor, [table_in(space, topic)], changes)
        return ends(batch)

    async def idle(self) -> Offsets:
        """Nothing is held back."""
        return {}

    def revoked(self, partitions: Sequence[Partition]) -> None:
        """Nothing is held back."""

    async def close(self) -> None:
        """Disconnects."""
        await self._writer.close()

    async def _prepare(self, cursor: AsyncCursor[Row]) -> None:
        """Nothing is staged on a new connection."""
        self._spaces = set()

    async def _make_spaces(self, spaces: set[str]) -> None:
        await self._writer.open()
        for space in spaces - self._spaces:
            async with self._writer.transaction() as cursor:
                await cursor.execute(LOCK)
                await _make_space(cursor, space)
            await self._take_up({space})

    async def _take_up_known(self) -> None:
        async with self._writer.transaction() as cursor:
            await cursor.execute(KNOWN_SPACES)
            known = {space for (space,) in await cursor.fetchall()}
        await self._take_up(known)

    async def _take_up(self, spaces: set[str]) -> None:
        """Makes the temporary tables of spaces."""
        for space in spaces - self._spaces:
            async with self._writer.transaction() as cursor:
                await stage(cursor, tables_in(space))
            self._spaces.add(space)


async def _make_space(cursor: AsyncCursor[Row], space: str) -> None:
    await cursor.execute(KNOWN_SPACES)
    known = {other for (other,) in await cursor.fetchall()}
    if like := {other for other in known - {space} if space_slug(other) == space_slug(space)}:
        raise ConfigurationError(
            f"the tables of the space {space} are those of {', '.join(like)}",
            hint="Name the model otherwise, or drop these tables.",
        )
    for statement in () if space in known else making(space):
        await cursor.execute(statement)
    await cursor.execute(SERVING_SPACE)
    if not await cursor.fetchall():
        for statement in serving(space):
            await cursor.execute(statement)
