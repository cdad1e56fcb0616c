"""The metrics of a worker, in Prometheus' terms: the one place that names them."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

# From a batch of a few records to one that waits for a merge or a pause of a collector.
_BATCH_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class WorkerMetrics:
    """What one worker counts.

    Args:
        worker: Its name: capture, streams, archive, postgres or opensearch.
        registry: Where the metrics are registered; one for each process, or for each test.
    """

    def __init__(self, worker: str, registry: CollectorRegistry | None = None) -> None:
        self.worker = worker
        self.registry = registry or CollectorRegistry()
        self._received = self._counter("records_received", "Records that came in.")
        self._written = self._counter("records_written", "Records that went out and were acknowledged.")
        self._refused = Counter(
            "sessiontrack_dead_letters",
            "Records that can't be processed and were set aside.",
            ["worker", "stage"],
            registry=self.registry,
        )
        self._batches = Histogram(
            "sessiontrack_batch_seconds",
            "Time of a batch from decoding to acknowledgement.",
            ["worker"],
            buckets=_BATCH_SECONDS,
            registry=self.registry,
        ).labels(worker)
        self._lag = Gauge(
            "sessiontrack_lag_records",
            "Records of the partition that are not processed yet.",
            ["worker", "topic", "partition"],
            registry=self.registry,
        )
        self._oldest = Gauge(
            "sessiontrack_oldest_unprocessed_timestamp_seconds",
            "Time of the oldest record in hand that is not processed yet, Unix seconds; 0 where there is none.",
            ["worker", "topic", "partition"],
            registry=self.registry,
        )

    def received(self, records: int) -> None:
        """Counts records that came in."""
        self._received.inc(records)

    def written(self, records: int) -> None:
        """Counts records that went out and were acknowledged."""
        self._written.inc(records)

    def dead_lettered(self, stage: str, records: int = 1) -> None:
        """Counts records that were set aside at a stage."""
        self._refused.labels(self.worker, stage).inc(records)

    def batch(self, seconds: float) -> None:
        """Notes how long a batch took."""
        self._batches.observe(seconds)

    def position(self, topic: str, partition: int, *, lag: int, oldest_ms: int | None) -> None:
        """Notes how far a partition is processed.

        Args:
            topic: The topic.
            partition: Its partition.
            lag: Records behind the end of the log.
            oldest_ms: Time of the oldest record that is not processed, epoch ms; None where there is none.
        """
        place = (self.worker, topic, str(partition))
        self._lag.labels(*place).set(max(0, lag))
        self._oldest.labels(*place).set((oldest_ms or 0) / 1000)

    def release(self, topic: str, partition: int) -> None:
        """Notes that another worker has the partition now: its lag is shown there."""
        for gauge in (self._lag, self._oldest):
            gauge.remove(self.worker, topic, str(partition))

    def _counter(self, name: str, meaning: str) -> Counter:
        return Counter(f"sessiontrack_{name}", meaning, ["worker"], registry=self.registry).labels(self.worker)
