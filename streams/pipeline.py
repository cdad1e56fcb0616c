"""The way of a batch: decode, run the stages, publish, set aside, remember, acknowledge.

What is published and written comes to the same however often a batch is taken, so the acknowledgement comes last, and
whoever calls ends the process rather than go on where it does not know what happened.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import faust
import structlog
from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import IllegalStateError
from faust.types import TP, TableT

from schemas.codec import CodecError
from schemas.topics import DEAD_LETTERS
from sessiontrack.backoff import backoff_delays
from sessiontrack.dead_letters import dead_letter, dead_letter_headers, dead_letter_key
from sessiontrack.errors import TerminalError, TransientError
from sessiontrack.telemetry.metrics import WorkerMetrics
from streams.batch import Refusal
from streams.batch_trace import BatchTrace, batch_trace
from streams.blocks import Block
from streams.encoding import encode_batch
from streams.publisher import Publisher, Record
from streams.stages import Interrupted, Stages
from streams.table import next_offset, next_offset_write, read_partition, write_table
from streams.take import acknowledge, forget

if TYPE_CHECKING:
    from sessiontrack.traces.traces import Traces

logger = structlog.get_logger(__name__)

# More than there can be blocks on their way here, each of which leads to a seek; what is missing then will not come.
_MOST_SEEKS = 50


@dataclass(slots=True)
class Batch:
    """Records of one partition on their way through the stages.

    Attributes:
        tp: Topic and partition.
        records: As received; at least one.
        outputs: Encoded records to publish, by topic.
        writes: To the state.
        refused: What can't be processed: the record, the stage, the reason.
        trace: The traces of its records; None where none is traced.
    """

    tp: TP
    records: Sequence[ConsumerRecord]
    outputs: dict[TopicPartition, list[Record]] = field(default_factory=dict)
    writes: dict[bytes, bytes | None] = field(default_factory=dict)
    refused: list[tuple[ConsumerRecord, str, Exception]] = field(default_factory=list)
    trace: BatchTrace | None = None


class Pipeline:
    """Takes blocks through the stages.

    Args:
        app: The app.
        table: The stages' state.
        publisher: Sends records.
        stages: What is done.
        namespace: What names of topics and of the group begin with.
        metrics: Told of what is done.
        is_stopping: Whether what takes long is to be left.
        traces: Follows the traces that records carry; None where there are none.
    """

    def __init__(
        self,
        app: faust.App,
        table: TableT[bytes, bytes],
        publisher: Publisher,
        stages: Stages,
        namespace: str,
        metrics: WorkerMetrics,
        is_stopping: Callable[[], bool] = lambda: False,
        traces: Traces | None = None,
    ) -> None:
        self._app = app
        self._table = table
        self._publisher = publisher
        self._stages = stages
        self._codec = stages.codec
        self._namespace = namespace
        self._group = f"{namespace}.{stages.group}"
        self._metrics = metrics
        self._traces = traces
        self._is_stopping = is_stopping
        # Where each partition was last sought back to, and how often.
        self._sought: dict[TP, tuple[int, int]] = {}
        # The next offset of each partition that was acknowledged.
        self._acknowledged: dict[TP, int] = {}
        # Partitions whose position is shown.
        self._shown: set[TP] = set()

    async def process(self, blocks: Sequence[Block]) -> None:
        """Takes partitions through side by side: while one waits for Kafka, another is computed."""
        if self._is_stopping():
            forget(self._app, blocks)
            return
        by_partition: dict[TP, list[Block]] = {}
        for block in blocks:
            by_partition.setdefault(block.tp, []).append(block)
        await asyncio.gather(*(self._process(tp, found) for tp, found in by_partition.items()))

    async def _process(self, tp: TP, blocks: Sequence[Block]) -> None:
        """The way of a batch, one step a line, the acknowledgement last."""
        began = time.monotonic()
        batch = Batch(tp, await self._joining(tp, blocks))
        if batch.records:
            self._note_position(tp, batch.records[0].offset, batch.records[0].timestamp)
            batch.trace = batch_trace(self._traces, batch.records, self._group, self._stages.span_attributes)
            try:
                await self._run_stages(batch)
            except Interrupted:
                forget(self._app, blocks)
                self._release({tp})
                return
            await self._publish(batch)
            await self._set_aside(batch)
            await self._remember(batch)
            if batch.trace:
                batch.trace.end((record.offset, error) for record, _, error in batch.refused)
        await self._acknowledge(tp, blocks)
        self._metrics.batch(time.monotonic() - began)

    async def _joining(self, tp: TP, blocks: Iterable[Block]) -> list[ConsumerRecord]:
        """The records that the state does not hold yet, as far as none is missing between them."""
        expected = next_offset(read_partition(self._table, tp.partition))
        found: list[ConsumerRecord] = []
        for block in blocks:
            for record in block.records:
                if record.offset < expected:
                    continue
                if record.offset > expected and record.offset > await self._earliest(tp):
                    return found
                found.append(record)
                expected = record.offset + 1
        return found

    async def _earliest(self, tp: TP) -> int:
        """The first offset that the log still has."""
        return int((await self._app.consumer.earliest_offsets(tp))[tp])

    async def _acknowledge(self, tp: TP, blocks: Sequence[Block]) -> None:
        """Acknowledges what the state holds; where there is more, records were left out before it, and are read again.

        Faust may drop what it holds when partitions are assigned anew; and of two workers that both believe to own a
        partition, the older one may set the state back. What was folded already is not folded twice.

        Raises:
            TerminalError: They do not come.
        """
        expected = next_offset(read_partition(self._table, tp.partition))
        acknowledge(self._app, [block for block in blocks if block.offset < expected])
        self._acknowledged[tp] = expected
        self._note_position(tp, expected, None)
        ahead = [block for block in blocks if block.offset >= expected]
        if not ahead:
            self._sought.pop(tp, None)
            return
        forget(self._app, ahead)
        known, times = self._sought.get(tp, (expected, 0))
        self._sought[tp] = expected, times + 1 if known == expected else 1
        if self._sought[tp][1] > _MOST_SEEKS:
            raise TerminalError(
                f"partition {tp.partition} goes on at offset {ahead[0].records[0].offset}, but the state ends before"
                f" {expected}, and the log does not have what is between",
                hint="Reset the group to the start of the log.",
            )
        logger.warning("reading_again", worker=self._stages.worker, partition=tp.partition, offset=expected)
        # In a rebalance it may be another worker's already.
        with suppress(IllegalStateError):
            await self._app.consumer.seek_wait({tp: expected})

    async def _run_stages(self, batch: Batch) -> None:
        placed = await self._decode(batch)
        state = read_partition(self._table, batch.tp.partition)
        encoded = await encode_batch(state, placed, self._stages, self._is_interrupted, batch.trace)
        batch.outputs = {
            TopicPartition(self._named(name), batch.tp.partition): records for name, records in encoded.records.items()
        }
        batch.writes = {**encoded.writes, **dict.fromkeys(encoded.deletes)}
        self._refuse(batch, encoded.refusals)
        self._metrics.received(len(batch.records))

    def _is_interrupted(self) -> bool:
        """Whether to leave a batch: a rebalance waits for it."""
        return self._is_stopping() or not self._app.flow_control.is_active()

    async def _decode(self, batch: Batch) -> list[tuple[int, Any]]:
        for delay in backoff_delays():
            try:
                return self._decode_all(batch)
            except TransientError as error:
                logger.warning("waiting", worker=self._stages.worker, reason=str(error), retry_in_s=round(delay, 1))
            await asyncio.sleep(delay)
        raise AssertionError("backoff has no end")

    def _decode_all(self, batch: Batch) -> list[tuple[int, Any]]:
        placed = []
        batch.refused.clear()
        for record in batch.records:
            try:
                placed.append((record.offset, self._stages.decode(record)))
            except CodecError as error:
                batch.refused.append((record, "decode", error))
        return placed

    async def _publish(self, batch: Batch) -> None:
        await self._publisher.send(batch.outputs)
        self._metrics.written(sum(map(len, batch.outputs.values())))

    async def _set_aside(self, batch: Batch) -> None:
        for record, stage, error in batch.refused:
            letter = dead_letter(
                group=self._group,
                stage=stage,
                error=error,
                failed_at=time.time_ns() // 1_000_000,
                topic=record.topic,
                partition=record.partition,
                offset=record.offset,
                key=record.key,
                value=record.value,
                headers=list(record.headers),
            )
            sent = Record(dead_letter_key(letter), self._codec.encode_letter(letter), dead_letter_headers(letter))
            await self._publisher.send_by_key(self._named(DEAD_LETTERS.name), sent)
            self._metrics.dead_lettered(stage)
            logger.warning(
                "dead_letter", group=self._group, stage=stage, record=letter["record_id"], error=letter["error_class"]
            )

    async def _remember(self, batch: Batch) -> None:
        writes = {**batch.writes, **next_offset_write(batch.records[-1].offset + 1)}
        await write_table(self._table, self._publisher, {batch.tp.partition: writes})

    def _refuse(self, batch: Batch, refusals: Sequence[Refusal]) -> None:
        if refusals:
            by_offset = {record.offset: record for record in batch.records}
            batch.refused += [(by_offset[position], stage, error) for position, stage, error in refusals]

    def note_quiet(self) -> None:
        """Shows of partitions that nothing is left in them, as of now: call it while the broker is heard."""
        consumer = self._app.consumer
        for tp in self._acknowledged.keys() & consumer.assignment():
            if consumer.highwater(tp) == self._acknowledged[tp]:
                self._note_position(tp, self._acknowledged[tp], None)

    def release_lost(self) -> None:
        """Shows nothing any more of partitions that the group has given to other workers: call it after a rebalance."""
        self._release(self._shown - self._app.consumer.assignment())

    def _note_position(self, tp: TP, next_offset: int, oldest_ms: int | None) -> None:
        consumer = self._app.consumer
        if tp not in consumer.assignment():
            # It was lost while its batch was in hand.
            self._release({tp})
            return
        end, now_ms = consumer.highwater(tp), time.time_ns() // 1_000_000
        as_of_ms = None if end is None else now_ms
        lag = (end or next_offset) - next_offset
        self._metrics.position(tp.topic, tp.partition, lag=lag, oldest_ms=oldest_ms, as_of_ms=as_of_ms)
        self._shown.add(tp)

    def _release(self, places: Set[TP]) -> None:
        for tp in self._shown & places:
            self._metrics.release(tp.topic, tp.partition)
        self._shown -= places

    def _named(self, topic: str) -> str:
        return in_namespace(topic, self._namespace)


def in_namespace(name: str, namespace: str) -> str:
    """The name of a topic where another namespace is wanted."""
    return name.replace("sessiontrack.", f"{namespace}.", 1)
