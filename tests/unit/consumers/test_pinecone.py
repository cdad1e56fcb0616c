"""Pinecone's sink and search, the true client against a server that speaks its API."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from consumers.pinecone.sink import PineconeSink
from consumers.sink import Received, Sink
from queries.filters import Filters
from queries.vectors.index import VectorIndex
from queries.vectors.pinecone import PineconeVectors, pooled
from schemas.topics import CHUNKS, SESSION_VECTORS
from sessiontrack.errors import ConfigurationError, TerminalError, TransientError
from sessiontrack.settings import PineconeSettings, Settings
from tests.contract.sinks import VersionedSinkContract
from tests.contract.vector_indexes import DIMENSIONS, SPACE, VectorIndexContract
from tests.embedded import Projecting, batch_of, passage, projected, received, session, store
from tests.pinecone_server import KEY, PineconeServer, serve_pinecone

OTHER = f"other@{DIMENSIONS}"


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client tries again without waiting."""
    monkeypatch.setattr("pinecone._internal.http_client._retry_sleep", lambda seconds: None)


def settings_of(url: str, key: str = KEY) -> Settings:
    return Settings(pinecone=PineconeSettings.model_validate({"host": url, "api_key": key}))


@pytest.fixture
def server() -> Iterator[PineconeServer]:
    with serve_pinecone(DIMENSIONS) as server:
        yield server


@pytest.fixture
def settings(server: PineconeServer) -> Settings:
    return settings_of(server.url)


def elsewhere(settings: Settings) -> Settings:
    """Where nobody listens: the discard port."""
    return settings_of("http://127.0.0.1:9")


class TestPineconeSink(VersionedSinkContract):
    @pytest.fixture(autouse=True)
    def _server(self, server: PineconeServer) -> None:
        self.server = server

    def make_sink(self, settings: Settings) -> Sink:
        return Projecting(PineconeSink(settings))

    def batch(self) -> Sequence[Received]:
        return batch_of(SPACE)

    def versions(self) -> tuple[Received, Received]:
        older, newer = (passage(SPACE, version=number, text=str(number)) for number in (1, 2))
        return received(CHUNKS, older), received(CHUNKS, newer, offset=1)

    async def stored(self, settings: Settings) -> Any:
        return {name: dict(held) for name, held in self.server.namespaces.items()}

    def unreachable(self, settings: Settings) -> Settings:
        return elsewhere(settings)


@pytest.fixture(scope="module")
def filled() -> Iterator[Settings]:
    with serve_pinecone(DIMENSIONS) as server:
        settings = settings_of(server.url)
        asyncio.run(store(PineconeSink(settings), batch_of(SPACE)))
        yield settings


class TestPineconeVectors(VectorIndexContract):
    @pytest.fixture
    def settings(self, filled: Settings) -> Settings:
        return filled

    @pytest.fixture(autouse=True)
    def _kept(self, filled: Settings) -> Iterator[None]:
        with pooled(filled):
            yield

    def make_index(self, settings: Settings, space: str) -> VectorIndex:
        return PineconeVectors(settings, space)

    def unreachable(self, settings: Settings) -> Settings:
        return elsewhere(settings)


async def test_a_tombstone_removes_a_passage_from_whatever_space_and_a_session_from_its_own(
    server: PineconeServer, settings: Settings
) -> None:
    batch = [received(SESSION_VECTORS, session(space)) for space in (SPACE, OTHER)]
    kept, gone = passage(SPACE, 1), passage(OTHER, 2)
    await store(PineconeSink(settings), [*batch, received(CHUNKS, kept), received(CHUNKS, gone)])
    tombstones = [
        received(CHUNKS, None, key=gone["chunk_id"]),
        received(SESSION_VECTORS, None, key=f"{SPACE}/session-0"),
        received(SESSION_VECTORS, None, key=f"never-made@{DIMENSIONS}/session-0"),
    ]
    for _ in range(2):
        await store(PineconeSink(settings), tombstones)
        assert {name: list(held) for name, held in server.namespaces.items() if held} == {
            "chunks-clustered-8": [kept["chunk_id"]],
            f"session-vectors-other-{DIMENSIONS}": ["session-0"],
        }


async def test_what_comes_after_its_tombstone_is_there_whatever_its_version(
    server: PineconeServer, settings: Settings
) -> None:
    newer, older = passage(SPACE, version=2), passage(SPACE, version=1)
    await store(PineconeSink(settings), [received(CHUNKS, newer)])
    tombstone = received(CHUNKS, None, key=newer["chunk_id"])
    await store(PineconeSink(settings), [received(CHUNKS, newer), tombstone, received(CHUNKS, older)])
    [held] = server.namespaces["chunks-clustered-8"].values()
    assert held["metadata"]["version"] == 1


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, TerminalError),
        (401, ConfigurationError),
        (403, ConfigurationError),
        (429, TransientError),
        (503, TransientError),
    ],
)
async def test_errors_are_typed_and_quote_nothing(
    server: PineconeServer, settings: Settings, status: int, kind: type[Exception]
) -> None:
    sink = PineconeSink(settings)
    await sink.open()
    server.failures.extend([status] * 4)
    batch = projected(sink, [received(CHUNKS, passage(SPACE))])
    with pytest.raises(kind) as raised:
        await sink.write(batch)
    assert type(raised.value) is kind
    assert "quotes" not in str(raised.value)
    server.failures.clear()
    await sink.write(batch)
    await sink.close()


async def test_an_index_for_vectors_of_another_length_is_waited_for(settings: Settings) -> None:
    with pytest.raises(ConfigurationError, match="8 dimensions"):
        await store(PineconeSink(settings), [received(CHUNKS, passage("wide@16"))])


@pytest.mark.parametrize("host", ["", "nowhere"])
async def test_settings_that_can_not_be_right_are_named(host: str) -> None:
    with pytest.raises(ConfigurationError, match=r"pinecone|Pinecone"):
        await PineconeSink(settings_of(host)).open()


async def test_a_wrong_key_is_waited_for(server: PineconeServer) -> None:
    sink = PineconeSink(settings_of(server.url, "wrong"))
    with pytest.raises(ConfigurationError, match="key"):
        await sink.open()
    await sink.close()


async def test_many_and_large_records_are_sent_in_parts(server: PineconeServer, settings: Settings) -> None:
    await store(
        PineconeSink(settings), [received(CHUNKS, passage(SPACE, number, text="x" * 30_000)) for number in range(200)]
    )
    assert len(server.namespaces["chunks-clustered-8"]) == 200


def test_what_it_can_not_compare_is_looked_for_among_more(filled: Settings) -> None:
    vector = (1.0,) + (0.0,) * (DIMENSIONS - 1)
    found = PineconeVectors(filled, SPACE).nearest_chunks(vector, Filters(agent="mai*", sender="ada l*ce"), 10)
    assert len(found) == 10
    assert {each.sender_name for each in found} == {"Ada Lovelace"}
