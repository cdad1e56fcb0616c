"""The local models, with their real weights."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np
import pytest

from sessiontrack.errors import ConfigurationError
from sessiontrack.providers.embedder import Embedder
from sessiontrack.providers.local.embedder import LocalEmbedder
from tests.contract.embedders import ModelContract, closing


class TestMiniLm(ModelContract):
    def make_embedder(self) -> Embedder:
        return LocalEmbedder()

    async def test_what_lies_beyond_its_tokens_is_not_seen(self) -> None:
        begin = "disk " * 254
        with_more, without = await self.documents([begin + "cats", begin])
        assert np.array_equal(with_more, without)

    def test_tokens_are_those_of_the_model(self) -> None:
        assert LocalEmbedder().count_tokens("embeddings") == 2 + len(["em", "##bed", "##ding", "##s"])


class TestMiniLmOnThreads(ModelContract):
    def make_embedder(self) -> Embedder:
        return LocalEmbedder(threads=2)


class TestMultilingualE5(ModelContract):
    def make_embedder(self) -> Embedder:
        return LocalEmbedder("multilingual-e5-small")

    async def test_a_question_in_another_language_finds_the_passage(self) -> None:
        embedder = self.make_embedder()
        async with closing(embedder):
            backup, cats = await embedder.embed_documents(
                ["The backup runs every night at three.", "My cat is asleep."]
            )
            for question in ("Wann läuft die Datensicherung?", "バックアップはいつ実行されますか"):
                query = await embedder.embed_query(question)
                assert query @ backup > query @ cats


def test_a_model_that_is_not_known_is_told() -> None:
    with pytest.raises(ConfigurationError, match="no local embedding model: bert") as raised:
        LocalEmbedder("bert")
    assert "multilingual-e5-small" in str(raised.value.hint)


async def test_a_model_that_is_not_installed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without_onnx(name: str, *arguments: Any, **named: Any) -> Any:
        if name == "onnxruntime":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return real(name, *arguments, **named)

    monkeypatch.setattr(builtins, "__import__", without_onnx)
    embedder = LocalEmbedder()
    with pytest.raises(ConfigurationError) as raised:
        await embedder.embed_query("a text")
    assert "/path/to/clone[embeddings]" in str(raised.value.hint)
