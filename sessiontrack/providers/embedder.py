"""What every embedding provider can do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


class Embedder(Protocol):
    """Makes vectors of texts; texts of like meaning get vectors with a large dot product.

    All vectors are float32 of length 1. A text beyond `max_tokens` is cut there. Each call may raise

    - `TransientError`: the provider is away, slow or its quota is used up; `ConfigurationError`, which is one too, where
      a person must act first (a wrong key, a model that is not there). Never a dead letter.
    - `TerminalError`: the provider refuses these very texts. Of several, one may be at fault: try them one by one.
    """

    @property
    def space(self) -> str:
        """Model and dimensions, such as `all-minilm-l6-v2@384`: only vectors of one space can be compared."""

    @property
    def dimensions(self) -> int:
        """Length of each vector."""

    @property
    def max_tokens(self) -> int:
        """Most tokens of a text that the model sees."""

    def count_tokens(self, text: str) -> int:
        """Tokens of a text, those that mark its ends among them; an upper estimate where only the provider knows."""

    async def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Vectors of texts that are to be found, in their order: (texts, dimensions). Waits and retries for long."""

    async def embed_query(self, text: str) -> Vectors:
        """Vector of what is looked for: (dimensions,). Somebody waits for it: tried once, and briefly."""

    async def close(self) -> None:
        """Lets go of connections and files."""


def space_of(model: str, dimensions: int) -> str:
    """The name of a space."""
    return f"{model.rpartition('/')[2].lower()}@{dimensions}"


def unit_vectors(vectors: Vectors) -> Vectors:
    """Each row scaled to length 1.

    Raises:
        ValueError: A row is zero or not finite, so that it has no direction.
    """
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    if not np.all(np.isfinite(lengths) & (lengths > 0)):
        raise ValueError("a vector without direction")
    return np.asarray(vectors / lengths, dtype=np.float32)
