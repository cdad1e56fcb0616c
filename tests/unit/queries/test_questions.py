"""Who embeds questions, in which space, and what is done where a provider is away."""

from collections.abc import Iterable, Sequence

import numpy as np
import pytest

from queries import questions
from queries.questions import Models, Questions, in_space
from sessiontrack.errors import ConfigurationError, TransientError
from sessiontrack.providers.embedder import Vectors
from sessiontrack.settings import EmbeddingSettings, Settings


class Provider:
    """Embeds, or is away."""

    space, dimensions, max_tokens = "model@2", 2, 10

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.is_away = self.is_closed = False

    def count_tokens(self, text: str) -> int:
        return len(text)

    def batches(self, texts: Iterable[str]) -> Iterable[Sequence[str]]:
        return [list(texts)]

    async def embed_documents(self, texts: Sequence[str]) -> Vectors:
        raise AssertionError("only questions are embedded")

    async def embed_query(self, text: str) -> Vectors:
        self.asked.append(text)
        if self.is_away:
            raise TransientError("away")
        return np.array([1.0, 0.0], dtype=np.float32)

    async def close(self) -> None:
        self.is_closed = True


def test_a_question_is_embedded_beside_the_thread_that_asks() -> None:
    provider = Provider()
    asked = Questions(provider)
    assert asked.embed("what?").result().tolist() == [1.0, 0.0]
    asked.close()
    assert provider.is_closed


def test_a_provider_that_is_away_is_left_alone_for_a_while() -> None:
    provider, now = Provider(), 0.0
    asked = Questions(provider, lambda: now)
    provider.is_away = True
    for _ in range(3):
        with pytest.raises(TransientError, match="away"):
            asked.embed("what?").result()
    assert provider.asked == ["what?"]
    provider.is_away = False
    now = questions.PAUSE_S
    assert asked.embed("what?").result().shape == (2,)
    asked.close()


@pytest.mark.parametrize(
    ("settings", "space", "expected"),
    [
        ({}, "all-minilm-l6-v2@384", ("local", "all-minilm-l6-v2", 384)),
        ({"provider": "gemini"}, "multilingual-e5-small@384", ("local", "multilingual-e5-small", 384)),
        ({"provider": "gemini"}, "gemini-embedding-001@768", ("gemini", "gemini-embedding-001", 768)),
        ({"provider": "ollama", "model": "lib/Nomic"}, "nomic@768", ("ollama", "lib/Nomic", 768)),
        ({"provider": "ollama", "model": "new"}, "old@768", ("ollama", "old", 768)),
    ],
)
def test_a_space_is_asked_in_by_its_own_model(
    settings: dict[str, str], space: str, expected: tuple[str, str, int]
) -> None:
    chosen = in_space(Settings(embedding=EmbeddingSettings.model_validate(settings)), space).embedding
    assert (chosen.provider, chosen.model, chosen.dimensions) == expected


def test_what_nobody_here_makes_is_told(tmp_path_factory: pytest.TempPathFactory) -> None:
    settings = Settings(data_dir=tmp_path_factory.mktemp("data"))
    with pytest.raises(ConfigurationError, match="no local embedding model"):
        Models(settings).of("somebody-elses@12")
