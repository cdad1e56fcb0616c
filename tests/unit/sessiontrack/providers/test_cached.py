"""The same text is never embedded twice, and the cache stays within its bound."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from sessiontrack.errors import ConfigurationError, TransientError, UnavailableError
from sessiontrack.providers.cached import CachedEmbedder
from sessiontrack.providers.choice import open_embedder
from sessiontrack.providers.embedder import Embedder, Vectors, in_groups, unit_vectors
from sessiontrack.providers.embedding_cache import EmbeddingCache, cache_key, rounded
from sessiontrack.settings import EmbeddingSettings, Settings
from sessiontrack.telemetry.embedding_metrics import EmbeddingMetrics
from tests.contract.embedders import ModelContract, closing
from tests.unit.sessiontrack.providers.model_server import DIMENSIONS, vector_of


class Counting:
    """An embedder that remembers what it was asked for."""

    space, dimensions, max_tokens = f"counting@{DIMENSIONS}", DIMENSIONS, 100

    def __init__(self, space: str = space) -> None:
        self.space = space
        self.asked: list[str] = []

    def count_tokens(self, text: str) -> int:
        return len(text)

    def batches(self, texts: Iterable[str]) -> Iterable[Sequence[str]]:
        return in_groups(texts, 2)

    async def embed_documents(self, texts: Sequence[str]) -> Vectors:
        if "quota is used up" in texts:
            raise TransientError("quota")
        self.asked += texts
        return unit_vectors(np.array([vector_of(text, self.space) for text in texts], dtype=np.float32))

    async def embed_query(self, text: str) -> Vectors:
        vector: Vectors = (await self.embed_documents([text]))[0]
        return vector

    async def close(self) -> None:
        pass


def cached(embedder: Counting, folder: Path, registry: CollectorRegistry | None = None) -> CachedEmbedder:
    return CachedEmbedder(embedder, EmbeddingCache(folder, 1024**2), EmbeddingMetrics(registry))


class TestCachedLocal(ModelContract):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    def make_embedder(self) -> Embedder:
        return open_embedder(Settings(data_dir=self.folder))


async def test_a_text_is_embedded_once_also_by_another_process(tmp_path: Path) -> None:
    registry = CollectorRegistry()
    first, second = Counting(), Counting()
    one, other = cached(first, tmp_path, registry), cached(second, tmp_path)
    async with closing(one), closing(other):
        fresh = await one.embed_documents(["a", "b", "a"])
        again = await other.embed_documents(["b", "a", "c"])
    assert (first.asked, second.asked) == (["a", "b"], ["c"])
    assert np.array_equal(fresh[0], fresh[2])
    assert np.array_equal(again[:2], fresh[1::-1])
    assert registry.get_sample_value("sessiontrack_embedded_texts_total", {"source": "provider"}) == 2


async def test_what_one_call_made_outlives_the_failure_of_the_next(tmp_path: Path) -> None:
    counting = Counting()
    embedder = cached(counting, tmp_path)
    async with closing(embedder):
        with pytest.raises(TransientError):
            await embedder.embed_documents(["a", "b", "c", "quota is used up"])
        await embedder.embed_documents(["a", "b"])
    assert counting.asked == ["a", "b"]


async def test_spaces_and_tasks_are_kept_apart(tmp_path: Path) -> None:
    first, second = Counting(), Counting("other@8")
    one, other = cached(first, tmp_path), cached(second, tmp_path)
    async with closing(one), closing(other):
        await one.embed_documents(["a"])
        await one.embed_query("a")
        await other.embed_documents(["a"])
    assert (first.asked, second.asked) == (["a", "a"], ["a"])


async def test_a_question_is_kept_in_memory_and_on_disk(tmp_path: Path) -> None:
    registry = CollectorRegistry()
    first, second = Counting(), Counting()
    one, other = cached(first, tmp_path, registry), cached(second, tmp_path)
    async with closing(one), closing(other):
        vector = await one.embed_query("a")
        assert np.array_equal(await one.embed_query("a"), vector)
        assert np.array_equal(await other.embed_query("a"), vector)
    assert (first.asked, second.asked) == (["a"], [])
    assert registry.get_sample_value("sessiontrack_embedded_texts_total", {"source": "memory"}) == 1


async def test_a_cache_that_fails_costs_no_answer(tmp_path: Path) -> None:
    counting = Counting()
    embedder = cached(counting, tmp_path)
    await embedder.close()
    assert len(await embedder.embed_documents(["a"])) == 1
    assert (await embedder.embed_query("b")).shape == (DIMENSIONS,)


def test_what_was_not_used_for_longest_goes_first(tmp_path: Path) -> None:
    cache = EmbeddingCache(tmp_path, 200_000)
    keys = [cache_key("space@384", "document", str(number)) for number in range(1_000)]
    vector = unit_vectors(np.ones(384, dtype=np.float32))
    cache.save(dict.fromkeys(keys[:100], vector), today=1)
    assert len(cache.load(keys[:50], today=2)) == 50
    for first in range(100, 300, 50):
        cache.save(dict.fromkeys(keys[first : first + 50], vector), today=2)
    kept = cache.load(keys, today=3)
    assert len(kept) < 300
    assert not kept.keys() & set(keys[50:70])
    assert kept.keys() >= set(keys[280:300])
    cache.close()


def test_a_file_that_is_no_cache_is_told(tmp_path: Path) -> None:
    (tmp_path / "vectors.sqlite").write_bytes(b"no database" * 100)
    with pytest.raises(UnavailableError, match="can't be opened"):
        EmbeddingCache(tmp_path, 1024**2)


@given(st.lists(st.floats(-1, 1, width=32), min_size=4, max_size=64).filter(lambda row: max(map(abs, row)) > 0.1))
def test_rounding_hardly_turns_a_vector(row: list[float]) -> None:
    vectors = unit_vectors(np.array([row], dtype=np.float32))
    assert (vectors * rounded(vectors)).sum() > 1 - 1e-6


@pytest.mark.parametrize("provider", ["local", "ollama"])
async def test_the_settings_choose(tmp_path: Path, provider: str) -> None:
    settings = Settings(data_dir=tmp_path, embedding=EmbeddingSettings.model_validate({"provider": provider}))
    embedder = open_embedder(settings)
    async with closing(embedder):
        assert embedder.space == {"local": "all-minilm-l6-v2@384", "ollama": "nomic-embed-text@768"}[provider]


def test_a_local_model_has_the_dimensions_that_it_has(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="384 dimensions, not 512"):
        open_embedder(Settings(data_dir=tmp_path, embedding=EmbeddingSettings(dimensions=512)))
