"""Reads a sink's topics as a member of its consumer group: the adapter to aiokafka."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from operator import attrgetter
from typing import Any, NamedTuple

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import CommitFailedError, IllegalStateError, KafkaError

from consumers.batching import advanced, batch_length
from consumers.sink import Offsets, Partition, Sink
from sessiontrack.errors import TransientError
from sessiontrack.settings import Settings

logger = structlog.get_logger(__name__)

# aiokafka expels a consumer that has not polled for this long. A worker that waits for its store does not poll, and is
# well: a stuck event loop stops the heartbeat too, and that is what tells the group of a dead worker. (int32, ms)
_MAX_POLL_INTERVAL_MS = 2**31 - 1
# Of one fetch. What is prefetched is at most partitions * 1 MiB (or one record of each), whatever the store does.
_FETCH_BYTES = 16 * 1024 * 1024
_PARTITION_FETCH_BYTES = 1024 * 1024
# A consumer does not tell that its broker is away: records just stop coming. After so long a silence it is asked.
_SILENCE_S = 5.0


class Polled(NamedTuple):
    """Records that were read under one assignment of partitions.

    Attributes:
        assignment: Number of the assignment.
        records: In the order of each partition; empty after a quiet while.
    """

    assignment: int
    records: Sequence[ConsumerRecord]


class Position(NamedTuple):
    """How far a partition is.

    Attributes:
        committed: The next offset to process.
        end: The offset after the last record, as of the last fetch.
        as_of_ms: When that was, epoch milliseconds; None where nothing was fetched yet.
    """

    committed: int
    end: int
    as_of_ms: int | None = None

    @property
    def lag(self) -> int:
        """Records that are not processed yet."""
        return max(0, self.end - self.committed)


class LogReader(ConsumerRebalanceListener):  # type: ignore[misc]
    """Reads in batches, begins each assignment where the sink says, commits.

    A rebalance takes all partitions away and gives some back: each assignment has a number, and what was read under an
    earlier one is void, because the new one begins again at what is committed.
    """

    def __init__(self, sink: Sink, settings: Settings) -> None:
        self._sink = sink
        self._settings = settings
        self._batch = settings.sink
        self._consumer: Any = None  # an AIOKafkaConsumer, once it has started
        self._pending: list[ConsumerRecord] = []
        self._committed: dict[Partition, int] = {}
        self._assignment = 0
        self._begun = 0
        self._owning = asyncio.Event()
        # Since when the group has given nothing; None while it has, if only that there is no partition left for us.
        self._waiting_since: float | None = None
        self._heard_at = 0.0

    async def start(self) -> None:
        """Joins the group.

        Raises:
            TransientError: Kafka does not answer.
        """
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._settings.kafka.bootstrap_servers,
            client_id=f"sessiontrack-{self._sink.name}",
            group_id=group_of(self._sink),
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            # Partitions of the same number go to the same worker, so that what belongs to a session stays together.
            partition_assignment_strategy=(RangePartitionAssignor,),
            max_poll_interval_ms=_MAX_POLL_INTERVAL_MS,
            fetch_max_bytes=_FETCH_BYTES,
            max_partition_fetch_bytes=_PARTITION_FETCH_BYTES,
            max_poll_records=self._batch.batch_records,
        )
        try:
            await consumer.start()
        except KafkaError as error:
            await consumer.stop()
            raise TransientError(f"Kafka does not answer: {type(error).__name__}") from error
        self._consumer = consumer
        self._waiting_since = time.monotonic()
        consumer.subscribe([topic.name for topic in self._sink.topics], listener=self)

    async def close(self) -> None:
        """Leaves the group."""
        if not self._consumer:
            return
        try:
            await self._consumer.stop()
        except asyncio.CancelledError:
            # While the broker is away aiokafka lets the cancellation of its own fetches out.
            if (task := asyncio.current_task()) and task.cancelling():
                raise

    def current(self, assignment: int) -> bool:
        """Whether what was read under this assignment is still ours to write and to commit."""
        return assignment == self._assignment

    @property
    def owns(self) -> bool:
        """Whether it has begun to read what the group gave it."""
        return self._owning.is_set() and self._begun == self._assignment

    @property
    def waits_for_group_s(self) -> float:
        """For how long the group has owed it an assignment, seconds; one without a partition is an assignment."""
        return 0.0 if self._waiting_since is None else time.monotonic() - self._waiting_since

    async def poll(self, quiet_s: float) -> Polled:
        """The next batch, at most as large as the settings allow; empty where nothing came.

        Args:
            quiet_s: How long to wait for the first record.

        Raises:
            TransientError: Kafka does not answer, or does not tell where to begin.
        """
        await self._ask_after_silence()
        if not await self._owns_partitions(quiet_s):
            return Polled(self._assignment, ())
        assignment = self._assignment
        if not await self._fill(assignment, quiet_s):
            return Polled(assignment, ())
        length = batch_length(self._pending, self._batch.batch_records, self._batch.batch_bytes)
        records, self._pending = self._pending[:length], self._pending[length:]
        return Polled(assignment, records)

    def positions(self) -> dict[Partition, Position]:
        """How far each partition of the assignment is; empty until it has begun, and while the group is rebalancing."""
        assigned = self._consumer.assignment()
        return {
            Partition(*place): Position(
                committed, self._consumer.highwater(place) or committed, self._consumer.last_poll_timestamp(place)
            )
            for place, committed in ((TopicPartition(*each), offset) for each, offset in self._committed.items())
            if place in assigned
        }

    async def commit(self, assignment: int, offsets: Offsets) -> None:
        """Commits the offsets that moved; does nothing for an assignment that is over."""
        moved = advanced(offsets, self._committed)
        if not moved or not self.current(assignment):
            return
        try:
            await self._consumer.commit({TopicPartition(*partition): offset for partition, offset in moved.items()})
        except (CommitFailedError, IllegalStateError):
            # The group has moved on: whoever owns the partition writes these records again, which changes nothing.
            logger.info("commit_after_rebalance", group=group_of(self._sink))
            return
        if self.current(assignment):
            self._committed.update(moved)

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        """The group is rebalancing: what is read and not committed is void."""
        self._owning.clear()
        self._waiting_since = time.monotonic()
        self._assignment += 1
        self._pending.clear()
        self._sink.revoked([Partition(*partition) for partition in sorted(revoked)])

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        """The group gave us these partitions; `poll` begins them."""
        self._assignment += 1
        self._waiting_since = None
        self._owning.set()
        logger.info("partitions_assigned", group=group_of(self._sink), partitions=len(assigned))

    async def _owns_partitions(self, timeout_s: float) -> bool:
        """Waits for an assignment, and begins it where it is new."""
        try:
            await asyncio.wait_for(self._owning.wait(), timeout_s)
        except TimeoutError:
            return False
        if self._begun != self._assignment:
            await self._begin()
        return self._begun == self._assignment

    async def _fill(self, assignment: int, quiet_s: float) -> bool:
        """Reads until a batch is full or its time is up; False where the partitions were taken away meanwhile."""
        clock = asyncio.get_running_loop().time
        linger_s = self._batch.linger_ms / 1000
        deadline = clock() + (linger_s if self._pending else quiet_s)
        while not self._full() and (left := deadline - clock()) > 0:
            first = not self._pending
            polled = await self._consumer.getmany(timeout_ms=max(1, int(left * 1000)))
            if not self.current(assignment):
                return False
            self._pending.extend(record for records in polled.values() for record in records)
            if polled:
                self._heard_at = clock()
            if first and self._pending:
                deadline = clock() + linger_s
        return True

    async def _ask_after_silence(self) -> None:
        """Makes sure that it is quiet because there is nothing to hear."""
        now = asyncio.get_running_loop().time()
        if now - self._heard_at < _SILENCE_S:
            return
        try:
            await self._consumer.topics()
        except KafkaError as error:
            raise TransientError(f"Kafka does not answer: {error}") from error
        self._heard_at = now

    def _full(self) -> bool:
        records = self._pending
        return batch_length(records, self._batch.batch_records, self._batch.batch_bytes) < len(records) or (
            len(records) >= self._batch.batch_records
        )

    async def _begin(self) -> None:
        """Goes to where the sink wants to start, for every partition: the consumer may have read ahead already."""
        assignment = self._assignment
        self._committed.clear()
        partitions = sorted(self._consumer.assignment())
        try:
            first = await self._consumer.beginning_offsets(partitions) if partitions else {}
            for partition in partitions:
                committed = await self._consumer.committed(partition)
                if committed is None:
                    committed = first[partition]
                self._consumer.seek(partition, self._sink.start_offset(Partition(*partition), committed))
                self._committed[Partition(*partition)] = committed
        except IllegalStateError:
            return  # taken away meanwhile: the next assignment begins
        except KafkaError as error:
            raise TransientError(f"Kafka does not tell where to begin: {type(error).__name__}") from error
        self._begun = assignment


# Topic and number of the partition that a record stood in.
place_of = attrgetter("topic", "partition")


def group_of(sink: Sink) -> str:
    """The sink's consumer group."""
    return f"sessiontrack.{sink.name}"
