"""Embedding by Ollama. Its API is one POST, which needs no client of its own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

import httpx
import numpy as np

from sessiontrack.errors import ConfigurationError, TerminalError, TransientError
from sessiontrack.providers.embedder import Vectors, checked_vectors, estimated_tokens, in_groups, no_vectors
from sessiontrack.providers.retrying import retrying
from sessiontrack.providers.spaces import DEFAULTS, space_of
from sessiontrack.settings import EmbeddingSettings

_URL = "http://127.0.0.1:11434"
_MODEL, _DIMENSIONS = DEFAULTS["ollama"]
# Ollama's default context where a model has more. What is longer is cut there.
_MAX_TOKENS = 2_048
# Ollama computes a call's texts one after the other: more would only make the answer come later than the timeout.
_MOST_TEXTS = 32


class OllamaEmbedder:
    """Sends texts to an Ollama server.

    Args:
        settings: Model, dimensions and address. A key is sent where it is set, for a server behind a gateway.
    """

    def __init__(self, settings: EmbeddingSettings) -> None:
        self._model = settings.model or _MODEL
        self._settings = settings
        self._url = (settings.base_url or _URL).rstrip("/")
        key = settings.api_key.get_secret_value()
        self._client = httpx.AsyncClient(headers={"Authorization": f"Bearer {key}"} if key else {})
        self.dimensions = settings.dimensions or _DIMENSIONS
        self.space = space_of(self._model, self.dimensions)
        self.max_tokens = _MAX_TOKENS

    def count_tokens(self, text: str) -> int:
        """An upper estimate."""
        return estimated_tokens(text)

    def batches(self, texts: Iterable[str]) -> Iterable[Sequence[str]]:
        """Groups that one call holds."""
        return in_groups(texts, _MOST_TEXTS)

    async def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Vectors of texts, (texts, dimensions)."""
        calls = [partial(self._embed, batch, self._settings.timeout_s) for batch in self.batches(texts)]
        return np.concatenate([no_vectors(self.dimensions), *[await retrying(call) for call in calls]])

    async def embed_query(self, text: str) -> Vectors:
        """Vector of what is looked for, (dimensions,)."""
        [vector] = await self._embed([text], self._settings.query_timeout_s)
        return np.asarray(vector)

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.aclose()

    async def _embed(self, texts: Sequence[str], timeout_s: float) -> Vectors:
        # An empty text has no vector; a space is as near to it as can be.
        asked = {"model": self._model, "input": [text or " " for text in texts], "truncate": True}
        try:
            response = await self._client.post(f"{self._url}/api/embed", json=asked, timeout=timeout_s)
        except httpx.HTTPError as error:
            raise TransientError(
                f"Ollama at {self._url} does not answer: {type(error).__name__}", hint="`ollama serve` starts it."
            ) from error
        self._raise_for(response)
        try:
            answer = response.json()["embeddings"]
        except (ValueError, LookupError, TypeError) as error:
            raise TransientError(f"{self._url} does not answer as Ollama does") from error
        return checked_vectors(answer, len(texts), self.dimensions, "Ollama")

    def _raise_for(self, response: httpx.Response) -> None:
        """Tells what an error status means; the answer's message is not repeated, as it may quote the text."""
        code = response.status_code
        told = f"Ollama at {self._url} refuses: HTTP {code}"
        if code in (401, 403):
            raise ConfigurationError(f"{told}: the key is not accepted", hint="Look at embedding.api_key.")
        if code == 404:
            raise ConfigurationError(f"{told}: no model {self._model}", hint=f"ollama pull {self._model}")
        if code in (408, 429) or code >= 500:
            after = response.headers.get("retry-after", "")
            raise TransientError(told, retry_after_s=float(after) if after.isdecimal() else None)
        if not response.is_success:
            raise TerminalError(told)
