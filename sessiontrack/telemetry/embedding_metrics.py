"""The metrics of embedding, in Prometheus' terms."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector


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


class QuotaMetrics(Collector):
    """How much of a provider's quota is used up.

    Args:
        used: Tells of each limit, such as `texts per day`, the share, 0 to 1.
    """

    def __init__(self, used: Callable[[], Mapping[str, float]]) -> None:
        self._used = used

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The shares, as of now."""
        shares = GaugeMetricFamily(
            "sessiontrack_embedding_quota_used_ratio",
            "Share of a limit of the provider that is used up, 0 to 1.",
            labels=["limit"],
        )
        for limit, share in self._used().items():
            shares.add_metric([limit], share)
        yield shares
