"""A change of the embedding model, on real stores with the vectors of both; the workers have nothing left to do."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from consumers.opensearch_vectors.sink import OpenSearchVectorSink
from consumers.postgres_vectors.sink import PostgresVectorSink
from operations.rebuild import embeddings
from operations.rebuild.embeddings import Moved, rebuild_embeddings
from queries.vectors.space import embedded_messages, serving_space
from schemas.topics import CHUNKS
from sessiontrack.errors import SessionTrackError, UnavailableError, UsageError
from sessiontrack.settings import EmbeddingSettings, SearchSettings, Settings
from tests.embedded import passage, received, store
from tests.stack.indexes import own_indexes
from tests.stack.own_schema import own_schema

OLD, NEW = "old@4", "new@8"
COUNT = {"OpenSearch": 3, "PostgreSQL": 3}


@pytest.fixture
def settings(stack_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    async def nothing(*arguments: Any) -> None:
        """The workers are where they should be."""

    monkeypatch.setattr(embeddings, "_wait", nothing)
    wanted = EmbeddingSettings(provider="ollama", model="new", dimensions=8)
    with own_indexes(stack_settings.model_copy(update={"embedding": wanted})) as indexed, own_schema(indexed) as own:
        yield own


async def embed(settings: Settings, space: str, *numbers: int) -> None:
    """Stores a message of two passages for each number."""
    records = [passage(space, 2 * number + index, chunk_index=index) for number in numbers for index in (0, 1)]
    for sink in (OpenSearchVectorSink(settings), PostgresVectorSink(settings)):
        await store(sink, [received(CHUNKS, each) for each in records])


def serving(settings: Settings) -> set[str | None]:
    """What each store says."""
    stores: list[Any] = ["opensearch", "postgres"]
    choices = (settings.model_copy(update={"search": SearchSettings(vectors=each)}) for each in stores)
    return {serving_space(each) for each in choices}


async def test_the_new_space_serves_when_it_is_complete_and_the_old_one_goes(settings: Settings) -> None:
    await embed(settings, OLD, 1, 2, 3)
    await embed(settings, NEW, 1, 2)
    with pytest.raises(SessionTrackError, match="2 messages are embedded in new@8, and 3 in old@4"):
        await to_thread(settings)
    assert serving(settings) == {OLD}
    await embed(settings, NEW, 3)
    assert await to_thread(settings) == Moved(NEW, OLD, COUNT)
    assert serving(settings) == {NEW}
    with pytest.raises(UnavailableError):
        embedded_messages(settings, OLD)
    assert await to_thread(settings) == Moved(NEW, None, COUNT)


async def test_the_old_space_can_be_kept_and_gaps_accepted(settings: Settings) -> None:
    await embed(settings, OLD, 1, 2, 3, 4)
    await embed(settings, NEW, 1, 2, 3)
    assert await to_thread(settings, keep_old=True, accept_gaps=True) == Moved(NEW, OLD, COUNT)
    assert serving(settings) == {NEW}
    assert embedded_messages(settings, OLD) == {"OpenSearch": 4, "PostgreSQL": 4}


def test_without_embedding_there_is_nothing_to_rebuild(stack_settings: Settings) -> None:
    disabled = stack_settings.model_copy(update={"embedding": EmbeddingSettings(enabled=False)})
    with pytest.raises(UsageError, match=r"embedding\.enabled"):
        rebuild_embeddings(disabled)


async def to_thread(settings: Settings, **options: Any) -> Moved:
    """It runs a loop of its own."""
    return await asyncio.to_thread(lambda: rebuild_embeddings(settings, **options))
