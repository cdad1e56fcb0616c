"""Which space the settings name, without any model being loaded."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from sessiontrack.providers import spaces
from sessiontrack.providers.choice import open_embedder
from sessiontrack.providers.spaces import embedding_space, missing_extra
from sessiontrack.settings import EmbeddingSettings, Settings


@pytest.mark.parametrize(
    ("chosen", "space"),
    [
        (EmbeddingSettings(), "all-minilm-l6-v2@384"),
        (EmbeddingSettings(model="multilingual-e5-small"), "multilingual-e5-small@384"),
        (EmbeddingSettings(provider="gemini", api_key=SecretStr("k")), "gemini-embedding-001@768"),
        (EmbeddingSettings(provider="gemini", api_key=SecretStr("k"), dimensions=3_072), "gemini-embedding-001@3072"),
        (EmbeddingSettings(provider="ollama"), "nomic-embed-text@768"),
        (EmbeddingSettings(provider="ollama", model="Library/Bge-M3", dimensions=1_024), "bge-m3@1024"),
    ],
)
async def test_it_is_the_space_that_the_provider_makes(chosen: EmbeddingSettings, space: str) -> None:
    embedder = open_embedder(Settings(embedding=chosen.model_copy(update={"cache_bytes": 0})))
    assert embedding_space(chosen) == embedder.space == space
    await embedder.close()


def test_what_is_missing_is_named_by_the_extra_that_brings_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert missing_extra(EmbeddingSettings()) is None
    monkeypatch.setitem(spaces._PACKAGES, spaces.MINILM, ("never-published",))
    assert missing_extra(EmbeddingSettings()) == "embeddings"
    assert missing_extra(EmbeddingSettings(model=spaces.E5)) is None
    monkeypatch.setitem(spaces._PACKAGES, "gemini", ("never-published",))
    assert missing_extra(EmbeddingSettings(provider="gemini")) == "gemini"
    assert missing_extra(EmbeddingSettings(provider="ollama")) is None
