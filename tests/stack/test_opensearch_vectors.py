"""Vectors in a real OpenSearch: the sink, the indexes of the spaces, the search."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from opensearchpy import OpenSearch

from consumers.opensearch_vectors.sink import OpenSearchVectorSink
from consumers.sink import Received, Sink
from infra.opensearch.vectors import DATASETS, dataset_in, known_spaces, make_space, serve_space
from queries.opensearch import View
from queries.vectors.index import VectorIndex
from queries.vectors.opensearch import OpenSearchVectors
from queries.vectors.space import serving_space
from schemas.topics import CHUNKS, SESSION_VECTORS
from sessiontrack.errors import ConfigurationError, TerminalError
from sessiontrack.settings import Settings
from tests.contract.sinks import VersionedSinkContract
from tests.contract.vector_indexes import SPACE as CLUSTERED
from tests.contract.vector_indexes import VectorIndexContract
from tests.embedded import Projecting, batch_of, passage, received, session, store
from tests.stack.indexes import own_indexes, refresh
from tests.stack.waiting import PATIENCE_S

SPACE, OTHER = "one@4", "two@8"
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def settings(stack_settings: Settings) -> Iterator[Settings]:
    with own_indexes(stack_settings) as own:
        yield own


def elsewhere(settings: Settings) -> Settings:
    """Where nobody listens: the discard port of a loopback address."""
    return settings.model_copy(update={"opensearch": settings.opensearch.model_copy(update={"url": NOWHERE})})


def stored(settings: Settings) -> dict[tuple[str, str], tuple[int, dict[str, Any]]]:
    """Version and source of every document of every space, by its dataset and its id."""
    found = {}
    with OpenSearch(hosts=[settings.opensearch.url], timeout=PATIENCE_S) as client:
        for space in known_spaces(client, settings.opensearch):
            for dataset in (dataset_in(space, each) for each in DATASETS):
                view = View(client, settings.opensearch.alias(dataset))
                for each in view.documents({"match_all": {}}):
                    found[dataset, each.id] = (each.version, each.source)
                view.close()
    return found


@pytest.fixture(scope="module")
def shared(stack_settings: Settings) -> Iterator[Settings]:
    """For tests that bear what others have written: making indexes and tables takes longest."""
    with own_indexes(stack_settings) as own:
        yield own


class TestOpenSearchVectorSink(VersionedSinkContract):
    @pytest.fixture
    def settings(self, shared: Settings) -> Settings:
        return shared

    def make_sink(self, settings: Settings) -> Sink:
        return Projecting(OpenSearchVectorSink(settings))

    def batch(self) -> Sequence[Received]:
        return batch_of(CLUSTERED, 20)

    def versions(self) -> tuple[Received, Received]:
        older, newer = (passage(SPACE, version=number, text=str(number)) for number in (1, 2))
        return received(CHUNKS, older), received(CHUNKS, newer, offset=1)

    async def stored(self, settings: Settings) -> Any:
        return await asyncio.to_thread(stored, settings)

    def unreachable(self, settings: Settings) -> Settings:
        return elsewhere(settings)


@pytest.fixture(scope="module")
def filled(stack_settings: Settings) -> Iterator[Settings]:
    with own_indexes(stack_settings) as own:
        asyncio.run(store(OpenSearchVectorSink(own), batch_of(CLUSTERED)))
        refresh(own)
        yield own


class TestOpenSearchVectors(VectorIndexContract):
    @pytest.fixture
    def settings(self, filled: Settings) -> Settings:
        return filled

    def make_index(self, settings: Settings, space: str) -> VectorIndex:
        return OpenSearchVectors(settings, space)

    def unreachable(self, settings: Settings) -> Settings:
        return elsewhere(settings)


async def test_each_space_has_indexes_of_its_own_and_the_first_serves(settings: Settings) -> None:
    assert serving_space(settings) is None
    await store(OpenSearchVectorSink(settings), [received(CHUNKS, passage(SPACE)), received(CHUNKS, passage(OTHER))])
    assert {dataset for dataset, _ in stored(settings)} == {"chunks-one-4", "chunks-two-8"}
    served = serving_space(settings)
    assert served in (SPACE, OTHER)
    with OpenSearch(hosts=[settings.opensearch.url], timeout=PATIENCE_S) as client:
        make_space(client, settings.opensearch, OTHER)
        assert serving_space(settings) == served
        for space in (OTHER, SPACE):
            serve_space(client, settings.opensearch, space)
            assert serving_space(settings) == space
            assert client.count(index=settings.opensearch.alias("chunks"))["count"] <= 1


async def test_a_tombstone_removes_a_passage_from_whatever_space_and_a_session_from_its_own(settings: Settings) -> None:
    batch = [received(SESSION_VECTORS, session(space)) for space in (SPACE, OTHER)]
    kept, gone = passage(SPACE, 1), passage(OTHER, 2)
    await store(OpenSearchVectorSink(settings), [*batch, received(CHUNKS, kept), received(CHUNKS, gone)])
    tombstones = [
        received(CHUNKS, None, key=gone["chunk_id"]),
        received(SESSION_VECTORS, None, key=f"{SPACE}/session-0"),
        received(SESSION_VECTORS, None, key="never-made@4/session-0"),
    ]
    for _ in range(2):  # also when they come again, to a worker that has seen no record
        await store(OpenSearchVectorSink(settings), tombstones)
        assert stored(settings).keys() == {("chunks-one-4", kept["chunk_id"]), ("session-vectors-two-8", "session-0")}


async def test_an_index_that_was_deleted_is_made_again(settings: Settings) -> None:
    sink = OpenSearchVectorSink(settings)
    await store(sink, [received(CHUNKS, passage(SPACE))])
    with OpenSearch(hosts=[settings.opensearch.url], timeout=PATIENCE_S) as client:
        client.indices.delete(index=f"{settings.opensearch.index_prefix}-*")
    await store(sink, [received(CHUNKS, passage(SPACE, 1))])
    assert len(stored(settings)) == 1


async def test_what_is_no_vector_of_its_space_is_refused(settings: Settings) -> None:
    sink = OpenSearchVectorSink(settings)
    for wrong in ({"vector": b"\0\0"}, {"vector": b"\0"}, {"space": "nothing"}, {"space": "@4"}, {"space": "one@0"}):
        with pytest.raises(TerminalError, match="space"):
            await store(sink, [received(CHUNKS, passage(SPACE) | wrong)])
    with pytest.raises(TerminalError, match="space/session_id"):
        await store(sink, [received(SESSION_VECTORS, None, key="session-0")])


def test_spaces_whose_names_differ_in_signs_only_do_not_mix(settings: Settings) -> None:
    with OpenSearch(hosts=[settings.opensearch.url], timeout=PATIENCE_S) as client:
        make_space(client, settings.opensearch, "a.model@4")
        with pytest.raises(ConfigurationError, match=r"a\.model@4"):
            make_space(client, settings.opensearch, "a-model@4")
