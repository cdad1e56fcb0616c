"""The metrics of a worker, in Prometheus' terms."""

from __future__ import annotations

import time
from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

# From a batch of a few records to one that waits for a merge or a pause of a collector.
_BATCH_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

# Where each worker may set a record aside. All are counted from 0: Prometheus sees no increase in a series that
# begins with 1, so the first dead letter would alarm nobody.
_SINK_STAGES = ("decode", "project", "write")
_STAGES: Mapping[str, tuple[str, ...]] = {
    "capture": ("publish",),
    "streams": ("decode", "sessionize", "messages", "tool-calls"),
    "embed": ("decode", "embed"),
    "api": (),
}


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
        for stage in _STAGES.get(worker, _SINK_STAGES):
            self._refused.labels(worker, stage)
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
        self._oldest_ms: dict[tuple[str, str, str], int] = {}
        self._watermark = Gauge(
            "sessiontrack_watermark_timestamp_seconds",
            "Every record of the topic up to this time is processed, in the partitions of this worker, Unix seconds.",
            ["worker", "topic"],
            registry=self.registry,
        )
        # By topic, of each partition, epoch milliseconds; None where it is not known yet.
        self._complete: dict[str, dict[int, int | None]] = {}

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

    def position(
        self, topic: str, partition: int, *, lag: int, oldest_ms: int | None, as_of_ms: int | None = None
    ) -> None:
        """Notes how far a partition is processed.

        Args:
            topic: The topic.
            partition: Its partition.
            lag: Records behind the end of the log.
            oldest_ms: Time of the oldest record that is not processed, epoch ms; None where there is none in hand.
            as_of_ms: When the end of the log was there, epoch ms; None where that is not known.
        """
        place = (self.worker, topic, str(partition))
        self._lag.labels(*place).set(max(0, lag))
        self._oldest.labels(*place).set((oldest_ms or 0) / 1000)
        if oldest_ms is None:
            self._oldest_ms.pop(place, None)
        else:
            self._oldest_ms[place] = oldest_ms
        # What lies behind and was not fetched yet has a time that nobody here knows: the watermark stays.
        complete, known = oldest_ms if lag > 0 else as_of_ms, self._complete.setdefault(topic, {})
        known[partition] = known.get(partition) if complete is None else complete
        self._show_watermark(topic)

    def release(self, topic: str, partition: int) -> None:
        """Notes that another worker has the partition now: its lag is shown there."""
        place = (self.worker, topic, str(partition))
        self._oldest_ms.pop(place, None)
        for gauge in (self._lag, self._oldest):
            gauge.remove(*place)
        del self._complete[topic][partition]
        self._show_watermark(topic)

    def oldest_age_s(self) -> float:
        """For how long the oldest record in hand has been waiting, seconds; 0 where there is none. For any thread."""
        oldest = min(list(self._oldest_ms.values()), default=None)
        return 0.0 if oldest is None else max(0.0, time.time() - oldest / 1000)

    def _show_watermark(self, topic: str) -> None:
        """A topic is complete as far as the partition that is furthest behind."""
        known = [complete for complete in self._complete[topic].values() if complete is not None]
        if known and len(known) == len(self._complete[topic]):
            self._watermark.labels(self.worker, topic).set(min(known) / 1000)
        else:
            self._watermark.remove(self.worker, topic)

    def _counter(self, name: str, meaning: str) -> Counter:
        return Counter(f"sessiontrack_{name}", meaning, ["worker"], registry=self.registry).labels(self.worker)


class CaptureMetrics(WorkerMetrics):
    """What a capture counts beyond what every worker does: lines are its records in, acknowledged events those out.

    Args:
        registry: Where the metrics are registered.
    """

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        super().__init__("capture", registry)
        self._faults = Counter(
            "sessiontrack_capture_faults",
            "Lines with a fault, by fault; they are kept as they stand.",
            ["fault"],
            registry=self.registry,
        )
        self._watched = Gauge(
            "sessiontrack_capture_files_watched", "Transcripts that are read.", registry=self.registry
        )
        self._passed_over = Gauge(
            "sessiontrack_capture_files_passed_over",
            "Files and folders that are not read, by reason.",
            ["reason"],
            registry=self.registry,
        )
        self._pending = Gauge(
            "sessiontrack_capture_events_pending", "Events that are not acknowledged yet.", registry=self.registry
        )
        self._held = Gauge(
            "sessiontrack_capture_sessions_held",
            "Sessions that wait with a large line for the object store.",
            registry=self.registry,
        )
        self._acknowledged_at = Gauge(
            "sessiontrack_capture_last_acknowledgement_timestamp_seconds",
            "When events were last acknowledged, Unix seconds; 0 where none were.",
            registry=self.registry,
        )

    def fault(self, fault: str, lines: int = 1) -> None:
        """Counts lines with a fault."""
        self._faults.labels(fault).inc(lines)

    def files(self, watched: int, passed_over: Mapping[str, int]) -> None:
        """Notes how many files are read, and how many are not, by reason."""
        self._watched.set(watched)
        self._passed_over.clear()
        for reason, number in passed_over.items():
            self._passed_over.labels(reason).set(number)

    def sent(self, events: int) -> None:
        """Counts events that wait for acknowledgement from now on."""
        self._pending.inc(events)

    def acknowledged(self, events: int) -> None:
        """Counts events that were acknowledged."""
        self.written(events)
        self._pending.dec(events)
        self._acknowledged_at.set_to_current_time()

    def refused(self, events: int = 1) -> None:
        """Counts events that can't be published."""
        self.dead_lettered("publish", events)
        self._pending.dec(events)

    def held(self, sessions: int, events: int) -> None:
        """Notes how many sessions wait for the object store, and events that are not sent for now because of it."""
        self._held.set(sessions)
        self._pending.dec(events)

    def restarted(self) -> None:
        """Nothing waits: what was in flight or held is sent again."""
        self._pending.set(0)
        self._held.set(0)
