"""Vectors in a real PostgreSQL: the sink, the tables of the spaces, the search."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

import psycopg
import pytest
from psycopg.sql import SQL, Composed

from consumers.postgres_vectors.sink import PostgresVectorSink
from consumers.postgres_vectors.tables import KNOWN_SPACES, SERVING_SPACE, dropping, making, serving, tables_in
from consumers.sink import Received, Sink
from queries.postgres import connected, stored_rows
from queries.vectors.index import VectorIndex
from queries.vectors.postgres import PostgresVectors
from schemas.topics import CHUNKS, SESSION_VECTORS
from sessiontrack.errors import ConfigurationError, TerminalError
from sessiontrack.settings import Settings
from tests.contract.sinks import VersionedSinkContract
from tests.contract.vector_indexes import SPACE as CLUSTERED
from tests.contract.vector_indexes import VectorIndexContract
from tests.embedded import Projecting, batch_of, passage, received, session, store
from tests.stack.own_schema import own_schema

SPACE, OTHER = "one@4", "two@8"


@pytest.fixture
def settings(stack_settings: Settings) -> Iterator[Settings]:
    with own_schema(stack_settings) as own:
        yield own


def elsewhere(settings: Settings) -> Settings:
    """Where nobody listens."""
    return settings.model_copy(update={"postgres": settings.postgres.model_copy(update={"port": 1})})


def known(settings: Settings) -> set[str]:
    with connected(settings) as connection:
        return {space for (space,) in connection.execute(KNOWN_SPACES)}


def stored(settings: Settings) -> dict[tuple[str, str], Any]:
    """The rows of every space, by table and id."""
    with connected(settings) as connection:
        return {
            (table.name, row[0]): row
            for (space,) in connection.execute(KNOWN_SPACES).fetchall()
            for table in tables_in(space)
            for row in stored_rows(connection, table)
        }


def execute(settings: Settings, *statements: SQL | Composed) -> None:
    """In one transaction."""
    with psycopg.connect(settings.postgres.dsn) as connection:
        for statement in statements:
            connection.execute(statement)


@pytest.fixture(scope="module")
def shared(stack_settings: Settings) -> Iterator[Settings]:
    """For tests that bear what others have written: making indexes and tables takes longest."""
    with own_schema(stack_settings) as own:
        yield own


class TestPostgresVectorSink(VersionedSinkContract):
    @pytest.fixture
    def settings(self, shared: Settings) -> Settings:
        return shared

    def make_sink(self, settings: Settings) -> Sink:
        return Projecting(PostgresVectorSink(settings))

    def batch(self) -> Sequence[Received]:
        return batch_of(CLUSTERED, 20)

    def versions(self) -> tuple[Received, Received]:
        older, newer = (passage(SPACE, version=number, text=str(number)) for number in (1, 2))
        return received(CHUNKS, older), received(CHUNKS, newer, offset=1)

    async def stored(self, settings: Settings) -> Any:
        return stored(settings)

    def unreachable(self, settings: Settings) -> Settings:
        return elsewhere(settings)


@pytest.fixture(scope="module")
def filled(stack_settings: Settings) -> Iterator[Settings]:
    with own_schema(stack_settings) as own:
        asyncio.run(store(PostgresVectorSink(own), batch_of(CLUSTERED)))
        yield own


class TestPostgresVectors(VectorIndexContract):
    @pytest.fixture
    def settings(self, filled: Settings) -> Settings:
        return filled

    def make_index(self, settings: Settings, space: str) -> VectorIndex:
        return PostgresVectors(settings, space)

    def unreachable(self, settings: Settings) -> Settings:
        return elsewhere(settings)


async def test_what_is_stored_is_the_record(settings: Settings) -> None:
    record = passage(SPACE, text="läuft 🎉", tools_used=["exec"], timestamp=1, context="before")
    await store(PostgresVectorSink(settings), [received(CHUNKS, record)])
    [row] = stored(settings).values()
    [chunks, _] = tables_in(SPACE)
    found = dict(zip([column.name for column in chunks.columns], row, strict=True))
    assert found | {"vector": record["vector"]} == record


async def test_each_space_has_tables_of_its_own_and_the_first_serves(settings: Settings) -> None:
    def served() -> Any:
        with connected(settings) as connection:
            [(count,)] = connection.execute("SELECT count(*) FROM chunks")
            return connection.execute(SERVING_SPACE).fetchall(), count

    await store(PostgresVectorSink(settings), [received(CHUNKS, passage(SPACE))])
    await store(PostgresVectorSink(settings), [received(CHUNKS, passage(OTHER, number)) for number in range(2)])
    assert served() == ([(SPACE,)], 1)
    execute(settings, *serving(OTHER))
    assert served() == ([(OTHER,)], 2)
    execute(settings, *dropping(SPACE))
    assert known(settings) == {OTHER}


async def test_a_tombstone_removes_a_passage_from_whatever_space_and_a_session_from_its_own(settings: Settings) -> None:
    batch = [received(SESSION_VECTORS, session(space)) for space in (SPACE, OTHER)]
    kept, gone = passage(SPACE, 1), passage(OTHER, 2)
    await store(PostgresVectorSink(settings), [*batch, received(CHUNKS, kept), received(CHUNKS, gone)])
    tombstones = [
        received(CHUNKS, None, key=gone["chunk_id"]),
        received(SESSION_VECTORS, None, key=f"{SPACE}/session-0"),
        received(SESSION_VECTORS, None, key="never-made@4/session-0"),
    ]
    for _ in range(2):  # also when they come again, to a worker that has seen no record
        await store(PostgresVectorSink(settings), tombstones)
        assert stored(settings).keys() == {("chunks_one_4", kept["chunk_id"]), ("session_vectors_two_8", "session-0")}


async def test_what_comes_after_its_tombstone_is_there(settings: Settings) -> None:
    record = passage(SPACE)
    tombstone = received(CHUNKS, None, key=record["chunk_id"])
    await store(PostgresVectorSink(settings), [received(CHUNKS, record), tombstone, received(CHUNKS, record)])
    assert len(stored(settings)) == 1


async def test_tables_that_were_dropped_are_made_again(settings: Settings) -> None:
    sink = PostgresVectorSink(settings)
    await store(sink, [received(CHUNKS, passage(SPACE))])
    execute(settings, SQL("DROP VIEW chunks, session_vectors"), *dropping(SPACE))
    await store(sink, [received(CHUNKS, passage(SPACE, 1))])
    assert len(stored(settings)) == 1


async def test_workers_that_meet_a_space_at_the_same_time_make_it_once(settings: Settings) -> None:
    batches = [[received(CHUNKS, passage(SPACE, number))] for number in range(4)]
    await asyncio.gather(*(store(PostgresVectorSink(settings), batch) for batch in batches))
    assert len(stored(settings)) == 4


async def test_what_does_not_fit_is_refused(settings: Settings) -> None:
    sink = PostgresVectorSink(settings)
    for wrong in ({"vector": b"\0\0"}, {"space": "nothing"}, {"space": "@4"}, {"message_id": "no id"}, {"text": "\0"}):
        with pytest.raises(TerminalError):
            await store(sink, [received(CHUNKS, passage(SPACE) | wrong)])
    assert not stored(settings)


def test_spaces_whose_names_differ_in_signs_only_do_not_mix(settings: Settings) -> None:
    execute(settings, *making("a.model@4"))
    with pytest.raises(ConfigurationError, match=r"a\.model@4"):
        asyncio.run(store(PostgresVectorSink(settings), [received(CHUNKS, passage("a-model@4"))]))
