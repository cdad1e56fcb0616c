"""What every embedding provider can do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from sessiontrack.errors import ConfigurationError, TransientError

Vectors = NDArray[np.float32]


class Embedder(Protocol):
    """Makes vectors of texts; texts of like meaning get vectors with a large dot product.

    All vectors are float32 of length 1. A text beyond `max_tokens` is cut there. Each call may raise

    - `TransientError`: the provider is away, slow or its quota is used up; `ConfigurationError`, which is one too,
      where a person must act first (a wrong key, a model that is not there). Never a dead letter.
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

    def batches(self, texts: Iterable[str]) -> Iterable[Sequence[str]]:
        """Texts in groups, in their order, each of which is one call: what is paid for is one of them at a time."""

    async def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Vectors of texts that are to be found, in their order: (texts, dimensions). Waits and retries for long."""

    async def embed_query(self, text: str) -> Vectors:
        """Vector of what is looked for: (dimensions,). Somebody waits for it: tried once, and briefly."""

    async def close(self) -> None:
        """Lets go of connections and files."""


def estimated_tokens(text: str) -> int:
    """Tokens of a text at most, whatever the model: three ASCII characters to one, and each other character one."""
    ascii_characters = len(text.encode("ascii", "ignore"))
    return ascii_characters // 3 + len(text) - ascii_characters + 2


def in_groups(texts: Iterable[str], size: int) -> Iterator[list[str]]:
    """Texts in groups of a size; the last may be smaller."""
    rest = iter(texts)
    while group := list(islice(rest, size)):
        yield group


def no_vectors(dimensions: int) -> Vectors:
    """Vectors of no texts: (0, dimensions)."""
    return np.empty((0, dimensions), dtype=np.float32)


def unit_vectors(vectors: Vectors) -> Vectors:
    """Each row scaled to length 1.

    Raises:
        ValueError: A row is zero or not finite, so that it has no direction.
    """
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    if not np.all(np.isfinite(lengths) & (lengths > 0)):
        raise ValueError("a vector without direction")
    return np.asarray(vectors / lengths, dtype=np.float32)


def checked_vectors(answer: object, texts: int, dimensions: int, provider: str) -> Vectors:
    """What a provider answered, as vectors of length 1: (texts, dimensions).

    Raises:
        ConfigurationError: They are of another length than the settings say.
        TransientError: It is not one vector for each text, as where something between us and the provider answered.
    """
    try:
        vectors = np.asarray(answer, dtype=np.float32)
        if vectors.ndim != 2 or len(vectors) != texts:
            raise ValueError(f"vectors of shape {vectors.shape} for {texts} texts")
        if vectors.shape[1] != dimensions:
            raise ConfigurationError(
                f"{provider} makes vectors of {vectors.shape[1]} dimensions, not {dimensions}",
                hint="Set embedding.dimensions to what the model makes.",
            )
        return unit_vectors(vectors)
    except (TypeError, ValueError) as error:
        raise TransientError(f"{provider} answered with something else than vectors: {error}") from error
