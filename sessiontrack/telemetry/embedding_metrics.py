"""The metrics of embedding, in Prometheus' terms."""

from __future__ import annotations

from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge


class EmbeddingMetrics:
    """Where vectors came from.

    Args:
        registry: Where the metrics are registered.
    """

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self._embedded = Counter(
            "sessiontrack_embedded_texts",
            "Texts whose vector was asked for, by where it came from: memory, cache (on disk), or provider.",
            ["source"],
            registry=registry or CollectorRegistry(),
        )

    def embedded(self, source: Literal["memory", "cache", "provider"], texts: int) -> None:
        """Counts texts by where their vectors came from."""
        self._embedded.labels(source).inc(texts)


class ProviderMetrics:
    """Whether the provider answers.

    Args:
        registry: Where the metrics are registered.
    """

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self._waits = Gauge(
            "sessiontrack_embedding_waits",
            "1 while the worker waits for its provider: it is away, its quota is used up, or its key is wrong.",
            registry=registry or CollectorRegistry(),
        )

    def waits(self, waits: bool) -> None:
        """Notes whether it is waited for."""
        self._waits.set(waits)
