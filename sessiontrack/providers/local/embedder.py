"""The local models as an embedder."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, partial
from typing import NamedTuple, Protocol

import numpy as np

from sessiontrack.errors import ConfigurationError
from sessiontrack.extras import install_hint
from sessiontrack.providers.embedder import Vectors, in_groups, no_vectors
from sessiontrack.providers.local import e5, minilm
from sessiontrack.providers.spaces import space_of


class Model(Protocol):
    """A model in memory, for any thread."""

    def count_tokens(self, text: str) -> int:
        """Tokens of a text."""

    def embed(self, text: str, *, is_query: bool) -> Vectors:
        """Vector of a text, cut to what the model sees."""


class _Kind(NamedTuple):
    load: Callable[[int], Model]
    dimensions: int
    max_tokens: int
    extra: str


_KINDS = {
    minilm.MODEL: _Kind(lambda _: minilm.MiniLm(), minilm.DIMENSIONS, minilm.MAX_TOKENS, "embeddings"),
    e5.MODEL: _Kind(e5.MultilingualE5, e5.DIMENSIONS, e5.MAX_TOKENS, "multilingual"),
}


def is_local(model: str) -> bool:
    """Whether a model runs in this process."""
    return model in _KINDS


# Texts that are in work together. More would gain nothing: each is computed by itself.
_GROUP = 64


class LocalEmbedder:
    """Embeds in this process. The model is loaded when it is first needed, and once.

    Args:
        model: `all-minilm-l6-v2` or `multilingual-e5-small`; the first where empty.
        dimensions: Those of the model, or 0.
        threads: Most threads that compute at once.

    Raises:
        ConfigurationError: There is no such model, or it has other dimensions.
    """

    def __init__(self, model: str = "", *, dimensions: int = 0, threads: int = 1) -> None:
        name = model or minilm.MODEL
        if name not in _KINDS:
            raise ConfigurationError(
                f"no local embedding model: {name}", hint=f"embedding.model is one of {', '.join(_KINDS)}."
            )
        self._kind = _KINDS[name]
        if dimensions not in (0, self._kind.dimensions):
            raise ConfigurationError(
                f"{name} makes vectors of {self._kind.dimensions} dimensions, not {dimensions}",
                hint="Leave embedding.dimensions out.",
            )
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="embedding")
        self.space = space_of(name, self._kind.dimensions)
        self.dimensions = self._kind.dimensions
        self.max_tokens = self._kind.max_tokens

    def count_tokens(self, text: str) -> int:
        """Tokens of a text, exactly."""
        return self._model.count_tokens(text)

    def batches(self, texts: Iterable[str]) -> Iterable[Sequence[str]]:
        """Groups that take about a second each."""
        return in_groups(texts, _GROUP)

    async def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Vectors of texts, (texts, dimensions)."""
        if not texts:
            return no_vectors(self.dimensions)
        return np.stack(await asyncio.gather(*(self._embed(text, is_query=False) for text in texts)))

    async def embed_query(self, text: str) -> Vectors:
        """Vector of what is looked for, (dimensions,)."""
        return await self._embed(text, is_query=True)

    async def close(self) -> None:
        """Ends the threads, without what waits for them."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _embed(self, text: str, *, is_query: bool) -> Vectors:
        # Loaded before the threads are at work, which would load it twice.
        run = partial(self._model.embed, text, is_query=is_query)
        return await asyncio.get_running_loop().run_in_executor(self._pool, run)

    @cached_property
    def _model(self) -> Model:
        try:
            return self._kind.load(self._threads)
        except ImportError as error:
            raise ConfigurationError(
                f"the local embedding model is not installed: {error}",
                hint=install_hint(self._kind.extra),
            ) from error
