"""The embedder that the settings name."""

from __future__ import annotations

from prometheus_client import CollectorRegistry

from sessiontrack.providers.cached import CachedEmbedder
from sessiontrack.providers.embedder import Embedder
from sessiontrack.providers.embedding_cache import EmbeddingCache
from sessiontrack.providers.gemini import GeminiEmbedder
from sessiontrack.providers.local.embedder import LocalEmbedder
from sessiontrack.providers.ollama import OllamaEmbedder
from sessiontrack.settings import EmbeddingSettings, Settings
from sessiontrack.telemetry.embedding_metrics import EmbeddingMetrics, QuotaMetrics

# In `data_dir`.
CACHE_FOLDER = "embeddings"


def open_embedder(settings: Settings, registry: CollectorRegistry | None = None) -> Embedder:
    """The provider of the settings behind its cache. No call is made yet, and no model loaded.

    Args:
        settings: Section `embedding`, and the data folder.
        registry: Where it is counted what the cache spared, and shown what is used of the provider's quota.

    Raises:
        ConfigurationError: A key, a package or a known model is missing.
        UnavailableError: The cache can't be opened.
    """
    chosen, registry = settings.embedding, registry or CollectorRegistry()
    embedder = _provider(chosen, registry)
    cache = EmbeddingCache(settings.data_dir / CACHE_FOLDER, chosen.cache_bytes) if chosen.cache_bytes else None
    return CachedEmbedder(embedder, cache, EmbeddingMetrics(registry))


def _provider(settings: EmbeddingSettings, registry: CollectorRegistry) -> Embedder:
    match settings.provider:
        case "local":
            return LocalEmbedder(settings.model, dimensions=settings.dimensions, threads=settings.threads)
        case "gemini":
            gemini = GeminiEmbedder(settings)
            registry.register(QuotaMetrics(gemini.quota_used))
            return gemini
        case "ollama":
            return OllamaEmbedder(settings)
