"""Embedding by Gemini, through Google's own client."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import httpx
import numpy as np

from sessiontrack.errors import ConfigurationError, SessionTrackError, TerminalError, TransientError
from sessiontrack.extras import install_hint
from sessiontrack.providers.embedder import Vectors, checked_vectors, estimated_tokens, no_vectors
from sessiontrack.providers.quota import DAY_S, MINUTE_S, Quota, Window
from sessiontrack.providers.retrying import PATIENCE_S, retrying
from sessiontrack.providers.spaces import DEFAULTS, space_of
from sessiontrack.settings import EmbeddingSettings

_MODEL, _DIMENSIONS = DEFAULTS["gemini"]
# Source: https://ai.google.dev/gemini-api/docs/embeddings, "Model versions"; what is longer is cut there.
_MAX_TOKENS = 2_048
# Source: batchEmbedContents answers 400 to more.
_MOST_TEXTS = 100
_DOCUMENT, _QUERY = "RETRIEVAL_DOCUMENT", "RETRIEVAL_QUERY"
_RETRY_INFO = "type.googleapis.com/google.rpc.RetryInfo"
_SECONDS = re.compile(r"(\d+(?:\.\d+)?)s?")
_KEY_HINT = "Set embedding.api_key (SESSIONTRACK_EMBEDDING__API_KEY) to a key of https://aistudio.google.com/apikey."


class GeminiEmbedder:
    """Sends texts to Gemini, within its quota.

    Args:
        settings: Model, dimensions, key, address and limits.

    Raises:
        ConfigurationError: There is no key, or the extra `gemini` is not installed.
    """

    def __init__(self, settings: EmbeddingSettings) -> None:
        key = settings.api_key.get_secret_value()
        if not key:
            raise ConfigurationError("Gemini needs a key", hint=_KEY_HINT)
        try:
            from google import genai
            from google.genai import errors, types
        except ImportError as error:
            raise ConfigurationError(
                f"the client of Gemini is not installed: {error}", hint=install_hint("gemini")
            ) from error
        self._types, self._errors = types, errors
        self._model = settings.model or _MODEL
        self._settings = settings
        # A client of ours: else it depends on what is installed which one Google's takes, and what that raises.
        # Without options for it, Google's does not retry: we do, within the quota.
        self._http = httpx.AsyncClient()
        options = types.HttpOptions(
            base_url=settings.base_url or None,
            timeout=int(settings.timeout_s * 1000),
            httpx_async_client=self._http,
        )
        self._client = genai.Client(api_key=key, vertexai=False, http_options=options)
        self._quota = _quota(settings)
        self.dimensions = settings.dimensions or _DIMENSIONS
        self.space = space_of(self._model, self.dimensions)
        self.max_tokens = _MAX_TOKENS

    def count_tokens(self, text: str) -> int:
        """An upper estimate."""
        return estimated_tokens(text)

    def batches(self, texts: Iterable[str]) -> Iterable[Sequence[str]]:
        """Groups that one call holds, and the quota of a minute."""
        most_texts = min(_MOST_TEXTS, self._settings.requests_per_minute or _MOST_TEXTS)
        return batches(texts, most_texts, self._settings.tokens_per_minute or _MOST_TEXTS * _MAX_TOKENS)

    async def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Vectors of texts, (texts, dimensions), 100 to a call."""
        calls = [partial(self._embed, batch, _DOCUMENT, PATIENCE_S) for batch in self.batches(texts)]
        return np.concatenate([no_vectors(self.dimensions), *[await retrying(call) for call in calls]])

    async def embed_query(self, text: str) -> Vectors:
        """Vector of what is looked for, (dimensions,)."""
        try:
            # Also over the wait for its turn, where documents wait for their quota.
            async with asyncio.timeout(self._settings.query_timeout_s):
                [vector] = await self._embed([text], _QUERY, patience_s=0)
        except TimeoutError as error:
            raise TransientError("Gemini does not answer in time") from error
        return np.asarray(vector)

    def quota_used(self) -> dict[str, float]:
        """Of each limit, such as `texts per day`, the share that is used up; may be asked from any thread."""
        return self._quota.used()

    async def close(self) -> None:
        """Closes the connections."""
        await self._http.aclose()

    async def _embed(self, texts: Sequence[str], task: str, patience_s: float) -> Vectors:
        await self._quota.spend(len(texts), sum(map(_sent_tokens, texts)), patience_s=patience_s)
        types = self._types
        config = types.EmbedContentConfig(task_type=task, output_dimensionality=self.dimensions)
        # An empty text is refused; a space is as near to it as can be. A `Content` each keeps any model from making
        # one vector of all of them.
        contents = [types.Content(parts=[types.Part(text=text or " ")]) for text in texts]
        try:
            answer = await self._client.aio.models.embed_content(model=self._model, contents=contents, config=config)
        except self._errors.APIError as error:
            raise refusal(error.code, error.details, _headers(error.response), self._model) from None
        except httpx.HTTPError as error:
            raise TransientError(f"Gemini does not answer: {type(error).__name__}") from error
        except ValueError as error:
            raise TransientError("Gemini answered with something else than JSON") from error
        # Vectors that are shorter than the model's own come unscaled.
        values = [each.values for each in answer.embeddings or []]
        return checked_vectors(values, len(texts), self.dimensions, "Gemini")


def batches(texts: Iterable[str], most_texts: int, most_tokens: int) -> Iterator[list[str]]:
    """Texts in groups, in their order; one that has too many tokens is a group of its own."""
    batch: list[str] = []
    tokens = 0
    for text in texts:
        more = _sent_tokens(text)
        if batch and (len(batch) == most_texts or tokens + more > most_tokens):
            yield batch
            batch, tokens = [], 0
        batch.append(text)
        tokens += more
    if batch:
        yield batch


def _sent_tokens(text: str) -> int:
    return min(estimated_tokens(text), _MAX_TOKENS)


def refusal(code: int, body: Any, headers: Mapping[str, str], model: str) -> SessionTrackError:
    """What an answer with an error status means. Its message is not repeated: it may quote the text.

    Args:
        code: HTTP status.
        body: The parsed answer, `{"error": {"status": …, "details": [{"@type": …}]}}` where Gemini itself answers.
        headers: Its HTTP headers.
        model: The model that was asked for.
    """
    error = body.get("error") if isinstance(body, dict) else None
    error = error if isinstance(error, dict) else {}
    details = [each for each in error.get("details") or [] if isinstance(each, dict)]
    told = f"Gemini refuses: HTTP {code} {error.get('status', '')}".rstrip()
    wrong_key = any(each.get("reason") in ("API_KEY_INVALID", "API_KEY_EXPIRED") for each in details)
    if wrong_key or code in (401, 403):
        return ConfigurationError(f"{told}: the key is not accepted", hint=_KEY_HINT)
    if code == 404:
        return ConfigurationError(f"{told}: no model {model}", hint="Look at embedding.model and embedding.base_url.")
    if code == 400 and error.get("status") == "FAILED_PRECONDITION":
        return ConfigurationError(f"{told}: the account may not use it", hint="It may need billing, or another region.")
    if code in (408, 429) or code >= 500:
        return TransientError(told, retry_after_s=_retry_after_s(details, headers))
    return TerminalError(told)


def _retry_after_s(details: Sequence[Mapping[str, Any]], headers: Mapping[str, str]) -> float | None:
    """What the server says of when to come again; a `Retry-After` that is a date is left out."""
    told = [str(each.get("retryDelay", "")) for each in details if each.get("@type") == _RETRY_INFO]
    for text in (*told, headers.get("retry-after", "")):
        if match := _SECONDS.fullmatch(text):
            return float(match[1])
    return None


def _headers(response: Any) -> Mapping[str, str]:
    headers = getattr(response, "headers", None) or {}
    return {str(name).lower(): str(value) for name, value in headers.items()}


def _quota(settings: EmbeddingSettings) -> Quota:
    def windows(unit: str, per_minute: int, per_day: int) -> list[Window]:
        limits = [(f"{unit} per minute", MINUTE_S, per_minute), (f"{unit} per day", DAY_S, per_day)]
        return [Window(*limit) for limit in limits if limit[2]]

    return Quota(
        windows("texts", settings.requests_per_minute, settings.requests_per_day),
        windows("tokens", settings.tokens_per_minute, settings.tokens_per_day),
    )
