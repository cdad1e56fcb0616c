"""Google's own client against a server that speaks the API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from sessiontrack.errors import ConfigurationError, SessionTrackError, TerminalError, TransientError
from sessiontrack.providers.embedder import Embedder, estimated_tokens
from sessiontrack.providers.gemini import GeminiEmbedder, batches, refusal
from sessiontrack.settings import EmbeddingSettings
from tests.contract.embedders import RemoteContract, closing
from tests.unit.sessiontrack.providers.model_server import DIMENSIONS, KEY, Answer, ModelServer, google_error


def gemini(url: str, *, key: str = KEY, **settings: Any) -> GeminiEmbedder:
    without_limits = {"requests_per_minute": 0, "tokens_per_minute": 0, "requests_per_day": 0}
    return GeminiEmbedder(
        EmbeddingSettings(
            provider="gemini", base_url=url, api_key=SecretStr(key), dimensions=DIMENSIONS, **without_limits | settings
        )
    )


def retry_info(delay: str) -> Mapping[str, str]:
    return {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}


class TestGemini(RemoteContract):
    @pytest.fixture(autouse=True)
    def _server(self, server: ModelServer, unused_tcp_port: int) -> None:
        self.server, self.closed_port = server, unused_tcp_port

    def make_embedder(self) -> Embedder:
        return gemini(self.server.url)

    def unreachable(self) -> Embedder:
        return gemini(f"http://127.0.0.1:{self.closed_port}")

    def with_wrong_key(self) -> Embedder:
        return gemini(self.server.url, key="hunter2")


async def test_what_is_sent(server: ModelServer) -> None:
    embedder = gemini(server.url)
    async with closing(embedder):
        document = await embedder.embed_documents(["a text"])
        query = await embedder.embed_query("a text")
    assert not np.array_equal(document[0], query)
    (path, body), (_, asked) = server.calls
    assert path.endswith("/models/gemini-embedding-001:batchEmbedContents")
    [request] = body["requests"]
    assert (request["taskType"], request["outputDimensionality"]) == ("RETRIEVAL_DOCUMENT", DIMENSIONS)
    assert asked["requests"][0]["taskType"] == "RETRIEVAL_QUERY"


async def test_a_call_has_100_texts_at_most(server: ModelServer) -> None:
    embedder = gemini(server.url)
    async with closing(embedder):
        await embedder.embed_documents([f"text {number}" for number in range(250)])
    assert [len(texts) for texts in server.texts()] == [100, 100, 50]


@given(st.lists(st.text(max_size=60)), st.integers(1, 5), st.integers(2, 40))
def test_a_call_has_no_more_than_a_minute_allows(texts: list[str], most_texts: int, most_tokens: int) -> None:
    calls = list(batches(texts, most_texts, most_tokens))
    assert [text for call in calls for text in call] == texts
    for call in calls:
        assert 0 < len(call) <= most_texts
        assert len(call) == 1 or sum(map(estimated_tokens, call)) <= most_tokens


async def test_a_model_that_would_mix_texts_is_asked_for_one_vector_each(server: ModelServer) -> None:
    embedder = gemini(server.url, model="gemini-embedding-2")
    async with closing(embedder):
        assert len(await embedder.embed_documents(["one", "two"])) == 2
    assert server.texts() == [["one", "two"]]


@pytest.mark.parametrize(
    "answer",
    [
        google_error(429, "RESOURCE_EXHAUSTED", retry_info("0.01s")),
        google_error(503, "UNAVAILABLE"),
        Answer(500, b"<html>"),
    ],
    ids=["quota", "overloaded", "proxy"],
)
async def test_what_time_heals_is_tried_again(server: ModelServer, answer: Answer) -> None:
    server.answers.append(answer)
    embedder = gemini(server.url)
    async with closing(embedder):
        assert len(await embedder.embed_documents(["a text"])) == 1
    assert len(server.calls) == 2


async def test_a_quota_that_is_gone_for_the_day_is_told_at_once(server: ModelServer) -> None:
    server.answers.append(google_error(429, "RESOURCE_EXHAUSTED", retry_info("36000s")))
    embedder = gemini(server.url)
    async with closing(embedder):
        with pytest.raises(TransientError) as raised:
            await embedder.embed_documents(["a text"])
    assert raised.value.retry_after_s == 36000
    assert len(server.calls) == 1


async def test_a_question_is_tried_once(server: ModelServer) -> None:
    server.answers.append(google_error(503, "UNAVAILABLE"))
    embedder = gemini(server.url)
    async with closing(embedder):
        with pytest.raises(TransientError):
            await embedder.embed_query("a text")
    assert len(server.calls) == 1


async def test_a_slow_answer_is_transient(server: ModelServer) -> None:
    server.answers.append(None)
    embedder = gemini(server.url, query_timeout_s=0.05)
    async with closing(embedder):
        with pytest.raises(TransientError, match="does not answer"):
            await embedder.embed_query("a text")


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b"",
        {},
        {"embeddings": []},
        {"embeddings": [{"values": []}]},
        {"embeddings": [{"values": [0.0] * DIMENSIONS}]},
    ],
)
async def test_a_malformed_answer_is_no_dead_letter(server: ModelServer, body: Any) -> None:
    server.answers.append(Answer(200, body))
    embedder = gemini(server.url)
    async with closing(embedder):
        with pytest.raises(TransientError):
            await embedder.embed_query("a text")


@pytest.mark.parametrize(
    ("code", "status", "error"),
    [
        (400, "INVALID_ARGUMENT", TerminalError),
        (400, "FAILED_PRECONDITION", ConfigurationError),
        (403, "PERMISSION_DENIED", ConfigurationError),
        (404, "NOT_FOUND", ConfigurationError),
        (429, "RESOURCE_EXHAUSTED", TransientError),
        (504, "DEADLINE_EXCEEDED", TransientError),
    ],
)
async def test_what_a_refusal_means(
    server: ModelServer, code: int, status: str, error: type[SessionTrackError]
) -> None:
    server.answers.append(google_error(code, status))
    embedder = gemini(server.url)
    async with closing(embedder):
        with pytest.raises(SessionTrackError) as raised:
            await embedder.embed_query("a text")
    assert type(raised.value) is error
    assert "secret" not in str(raised.value)


def test_retry_after_is_heeded_where_nothing_better_is_told() -> None:
    error = refusal(503, None, {"retry-after": "7"}, "a model")
    assert isinstance(error, TransientError)
    assert error.retry_after_s == 7


def test_no_key_is_told() -> None:
    with pytest.raises(ConfigurationError, match="needs a key"):
        gemini("http://127.0.0.1:1", key="")
