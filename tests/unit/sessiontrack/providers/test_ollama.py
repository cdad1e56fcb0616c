"""Ollama's API, against a server that speaks it."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import SecretStr

from sessiontrack.errors import ConfigurationError, SessionTrackError, TerminalError, TransientError
from sessiontrack.providers.embedder import Embedder
from sessiontrack.providers.ollama import OllamaEmbedder
from sessiontrack.settings import EmbeddingSettings
from tests.contract.embedders import RemoteContract, closing
from tests.unit.sessiontrack.providers.model_server import DIMENSIONS, Answer, ModelServer


def ollama(url: str, *, key: str = "", **settings: Any) -> OllamaEmbedder:
    named = {"dimensions": DIMENSIONS} | settings
    return OllamaEmbedder(EmbeddingSettings(provider="ollama", base_url=url, api_key=SecretStr(key), **named))


class TestOllama(RemoteContract):
    @pytest.fixture(autouse=True)
    def _server(self, server: ModelServer, unused_tcp_port: int) -> None:
        self.server, self.closed_port = server, unused_tcp_port

    def make_embedder(self) -> Embedder:
        return ollama(self.server.url)

    def unreachable(self) -> Embedder:
        return ollama(f"http://127.0.0.1:{self.closed_port}")

    def with_wrong_key(self) -> Embedder:
        return ollama(self.server.url, key="hunter2")


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer(404, {"error": "model not found"}), ConfigurationError),
        (Answer(400, {"error": "it quotes a secret text"}), TerminalError),
        (Answer(500, {"error": "out of memory"}), TransientError),
        (Answer(200, b"<html>"), TransientError),
        (Answer(200, {"embeddings": [[0.0] * DIMENSIONS]}), TransientError),
        (Answer(200, {"embeddings": [[1.0] * 3]}), ConfigurationError),
    ],
)
async def test_what_an_answer_means(server: ModelServer, answer: Answer, error: type[SessionTrackError]) -> None:
    server.answers.append(answer)
    embedder = ollama(server.url)
    async with closing(embedder):
        with pytest.raises(SessionTrackError) as raised:
            await embedder.embed_query("a text")
    assert type(raised.value) is error
    assert "secret" not in str(raised.value)


async def test_a_server_that_is_busy_is_asked_again(server: ModelServer) -> None:
    server.answers.append(Answer(503, {"error": "busy"}, {"retry-after": "0"}))
    embedder = ollama(server.url)
    async with closing(embedder):
        assert len(await embedder.embed_documents(["a text"])) == 1


async def test_a_slow_answer_is_transient(server: ModelServer) -> None:
    server.answers.append(None)
    embedder = ollama(server.url, query_timeout_s=0.05)
    async with closing(embedder):
        with pytest.raises(TransientError):
            await embedder.embed_query("a text")
