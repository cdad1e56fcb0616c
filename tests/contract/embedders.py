"""What streams and search ask of every embedder. A provider's tests inherit a suite and say how it is reached."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np
import pytest

from sessiontrack.errors import ConfigurationError, TransientError
from sessiontrack.providers.embedder import Embedder, Vectors

TEXTS = [
    "The disk is full.",
    "I like cats.",
    "No space left on device",
    "Katzen 🐈 und 猫",
    "tab\tand\nline",
    "NUL \0 in it",
]
# Weights of few bits, and sums in another order.
_TOLERANCE = 1e-3


@asynccontextmanager
async def closing(embedder: Embedder) -> AsyncIterator[None]:
    """Closes it in the end."""
    try:
        yield
    finally:
        await embedder.close()


class EmbedderContract(ABC):
    """Behaviour of every embedder."""

    @abstractmethod
    def make_embedder(self) -> Embedder:
        """An embedder that works."""

    async def documents(self, texts: list[str]) -> Vectors:
        embedder = self.make_embedder()
        async with closing(embedder):
            return await embedder.embed_documents(texts)

    async def test_vectors_are_float32_of_length_1(self) -> None:
        embedder = self.make_embedder()
        async with closing(embedder):
            documents, query = await embedder.embed_documents(TEXTS), await embedder.embed_query(TEXTS[0])
        assert documents.shape == (len(TEXTS), embedder.dimensions)
        assert query.shape == (embedder.dimensions,)
        assert documents.dtype == query.dtype == np.float32
        assert np.linalg.norm([*documents, query], axis=1) == pytest.approx(1, abs=1e-5)

    def test_the_space_names_the_dimensions(self) -> None:
        embedder = self.make_embedder()
        assert embedder.space.endswith(f"@{embedder.dimensions}")

    async def test_no_texts_have_no_vectors(self) -> None:
        embedder = self.make_embedder()
        async with closing(embedder):
            assert (await embedder.embed_documents([])).shape == (0, embedder.dimensions)

    async def test_order_is_kept_and_a_batch_is_its_texts(self) -> None:
        together = await self.documents(TEXTS)
        alone = np.concatenate([await self.documents([text]) for text in TEXTS])
        assert np.abs(together - alone).max() < _TOLERANCE

    async def test_equal_texts_have_equal_vectors(self) -> None:
        first, other, again = await self.documents(["a text", "another one, longer", "a text"])
        assert np.array_equal(first, again)
        assert not np.array_equal(first, other)

    async def test_an_empty_text_and_a_very_long_one_have_vectors(self) -> None:
        assert np.isfinite(await self.documents(["", " ", "word " * 50_000])).all()

    async def test_more_texts_than_fit_one_call(self) -> None:
        vectors = await self.documents([f"text {number % 3}" for number in range(105)])
        assert np.array_equal(vectors[:3], vectors[102:])

    def test_tokens_grow_with_the_text(self) -> None:
        embedder = self.make_embedder()
        assert 0 < embedder.count_tokens("a word") < embedder.count_tokens("a word " * 20)
        assert embedder.count_tokens("word " * embedder.max_tokens * 2) > embedder.max_tokens


class ModelContract(EmbedderContract):
    """Behaviour of an embedder that is tested with its real model."""

    async def test_what_means_the_same_is_near(self) -> None:
        embedder = self.make_embedder()
        async with closing(embedder):
            disk, cats, space = await embedder.embed_documents(TEXTS[:3])
            query = await embedder.embed_query("Which disk ran out of room?")
        assert disk @ space > disk @ cats
        assert query @ disk > query @ cats


class RemoteContract(EmbedderContract):
    """Behaviour of an embedder that asks a server."""

    @abstractmethod
    def unreachable(self) -> Embedder:
        """An embedder whose server does not answer."""

    @abstractmethod
    def with_wrong_key(self) -> Embedder:
        """An embedder whose server does not accept its key, `hunter2`."""

    async def test_a_server_that_is_away_is_transient(self) -> None:
        embedder = self.unreachable()
        async with closing(embedder):
            with pytest.raises(TransientError) as raised:
                await embedder.embed_query("a text")
        assert not isinstance(raised.value, ConfigurationError)

    async def test_a_wrong_key_is_for_a_person_to_mend(self) -> None:
        embedder = self.with_wrong_key()
        async with closing(embedder):
            with pytest.raises(ConfigurationError) as raised:
                await embedder.embed_documents(["a text"])
        assert raised.value.hint
        assert "hunter2" not in f"{raised.value!r} {raised.value.hint}"
