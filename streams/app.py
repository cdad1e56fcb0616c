"""The Faust app: one agent that decodes each event once and runs all stages over a batch.

What is published and written comes to the same however often a batch is taken, so the agent acknowledges last, and ends
the process rather than go on where it does not know what happened.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import faust
import structlog
from aiokafka import TopicPartition
from faust.types import EventT, TableT

from schemas.codec import CodecError
from schemas.topics import DEAD_LETTERS, EVENTS
from sessiontrack.backoff import backoff_delays
from sessiontrack.dead_letters import dead_letter, dead_letter_headers, dead_letter_key
from sessiontrack.errors import TerminalError, TransientError
from sessiontrack.settings import Settings
from streams.batch import Changes, Placed, Refusal, process_batch
from streams.codec import Codec
from streams.publisher import Publisher, Record
from streams.table import (
    hold_flow_until_sought,
    next_offset,
    next_offset_write,
    read_partition,
    state_table,
    write_table,
)
from streams.take import acknowledge, take

logger = structlog.get_logger(__name__)

# Large enough for a session's state to be read and written once for many events, small enough to hold the loop for a
# tenth of a second only.
BATCH_EVENTS = 2_000


@dataclass(slots=True)
class Batch:
    """Events on their way through the stages, by partition.

    Attributes:
        events: As received.
        changes: What they come to.
        refused: What can't be processed: the event, the stage, the reason.
    """

    events: dict[int, list[EventT[Any]]]
    changes: dict[int, Changes] = field(default_factory=dict)
    refused: list[tuple[EventT[Any], str, Exception]] = field(default_factory=list)


class Pipeline:
    """Takes batches through the stages.

    Args:
        app: The app.
        table: The stages' state.
        publisher: Sends records.
        codec: Decodes and encodes.
        namespace: What names of topics and of the group begin with.
    """

    def __init__(
        self, app: faust.App, table: TableT[bytes, bytes], publisher: Publisher, codec: Codec, namespace: str
    ) -> None:
        self._app = app
        self._table = table
        self._publisher = publisher
        self._codec = codec
        self._namespace = namespace

    async def process(self, events: Sequence[EventT[Any]]) -> None:
        """The way of a batch, one step a line, the acknowledgement last."""
        batch = Batch(await self._not_in_state(events))
        await self._run_stages(batch)
        await self._publish(batch)
        await self._set_aside(batch)
        await self._remember(batch)
        acknowledge(self._app, events)

    async def _not_in_state(self, events: Iterable[EventT[Any]]) -> dict[int, list[EventT[Any]]]:
        """The events, by partition, that the state does not hold yet.

        Raises:
            TerminalError: Some were left out before them.
        """
        new: dict[int, list[EventT[Any]]] = {}
        for partition, received in _by_partition(events).items():
            expected = next_offset(read_partition(self._table, partition))
            new[partition] = [event for event in received if event.message.offset >= expected]
            await self._check_gaps(expected, new[partition])
        return {partition: received for partition, received in new.items() if received}

    async def _check_gaps(self, expected: int, events: Iterable[EventT[Any]]) -> None:
        for event in events:
            place, offset = event.message.tp, event.message.offset
            if offset > expected and offset > (await self._app.consumer.earliest_offsets(place))[place]:
                raise TerminalError(
                    f"partition {place.partition} goes on at offset {offset}, but the state ends before {expected}",
                    hint="Restart the worker. If that does not help, its state is lost: reset its group to the start.",
                )
            expected = offset + 1

    async def _run_stages(self, batch: Batch) -> None:
        for partition, events in batch.events.items():
            placed = await self._decode(events, batch)
            changes = batch.changes[partition] = process_batch(read_partition(self._table, partition), placed)
            self._refuse(batch, partition, changes.refusals)

    async def _decode(self, events: Iterable[EventT[Any]], batch: Batch) -> list[Placed]:
        placed = []
        for event in events:
            try:
                placed.append((event.message.offset, await self._decoded(event.message.value)))
            except CodecError as error:
                batch.refused.append((event, "decode", error))
        return placed

    async def _decoded(self, value: bytes | None) -> Any:
        for delay in backoff_delays():
            try:
                return self._codec.decode(value)
            except TransientError as error:
                logger.warning("waiting", worker="streams", reason=str(error), retry_in_s=round(delay, 1))
            await asyncio.sleep(delay)
        return None

    async def _publish(self, batch: Batch) -> None:
        records: dict[TopicPartition, list[Record]] = defaultdict(list)
        for partition, changes in batch.changes.items():
            for output in changes.outputs:
                try:
                    record = self._codec.encode(output)
                except TerminalError as error:
                    self._refuse(batch, partition, [Refusal(output.position, output.stage, error)])
                else:
                    records[TopicPartition(self._named(output.topic.name), partition)].append(record)
        await self._publisher.send(records)

    async def _set_aside(self, batch: Batch) -> None:
        group = f"{self._namespace}.streams"
        for event, stage, error in batch.refused:
            message = event.message
            letter = dead_letter(
                group=group,
                stage=stage,
                error=error,
                failed_at=time.time_ns() // 1_000_000,
                topic=message.topic,
                partition=message.partition,
                offset=message.offset,
                key=message.key,
                value=message.value,
                headers=list(cast(Any, message.headers) or ()),
            )
            record = Record(dead_letter_key(letter), self._codec.encode_letter(letter), dead_letter_headers(letter))
            await self._publisher.send_by_key(self._named(DEAD_LETTERS.name), record)
            logger.warning(
                "dead_letter", group=group, stage=stage, record=letter["record_id"], error=letter["error_class"]
            )

    async def _remember(self, batch: Batch) -> None:
        writes = {
            partition: changes.writes | next_offset_write(batch.events[partition][-1].message.offset + 1)
            for partition, changes in batch.changes.items()
        }
        await write_table(self._table, self._publisher, writes)

    def _refuse(self, batch: Batch, partition: int, refusals: Iterable[Refusal]) -> None:
        by_offset = {event.message.offset: event for event in batch.events[partition]}
        batch.refused += [(by_offset[position], stage, error) for position, stage, error in refusals]

    def _named(self, topic: str) -> str:
        return in_namespace(topic, self._namespace)


def create_app(
    settings: Settings, codec: Codec, publisher: Publisher, store: Path, namespace: str = "sessiontrack"
) -> faust.App:
    """The app, not started.

    Args:
        settings: Addresses.
        codec: Decodes and encodes.
        publisher: Sends records.
        store: Folder of the state on disk.
        namespace: What names of topics and of the group begin with.
    """
    app = faust.App(
        f"{namespace}.streams",
        broker=[f"kafka://{address.strip()}" for address in settings.kafka.bootstrap_servers.split(",")],
        datadir=str(store),
        store="rocksdb://",
        topic_replication_factor=settings.kafka.replication_factor,
        topic_disable_leader=True,
        web_enabled=False,
        consumer_auto_offset_reset="earliest",
        # Some thousand events at a time: the default of 500 halves the rate. Buffers of 16 MiB and 20,000 events, of
        # a kilobyte or two, bound the memory.
        broker_max_poll_records=5_000,
        consumer_max_fetch_size=16 * 1024 * 1024,
        stream_buffer_maxsize=20_000,
        # A worker that was killed is missed after this time; until then nobody gets its partitions.
        broker_session_timeout=10.0,
        broker_heartbeat_interval=3.0,
        # How far it has come is seen by others, and taken up after a kill, at this grain.
        broker_commit_interval=0.5,
    )
    table = state_table(app)
    hold_flow_until_sought(app, table)
    pipeline = Pipeline(app, table, publisher, codec, namespace)
    events = app.topic(
        in_namespace(EVENTS.name, namespace),
        key_type=bytes,
        value_type=bytes,
        key_serializer="raw",
        value_serializer="raw",
    )

    @app.agent(events, name="stages")
    async def stages(stream: Any) -> None:
        async for batch in take(stream, BATCH_EVENTS):
            try:
                await pipeline.process(batch)
            except Exception as error:
                # Faust would restart the agent and lose the batch; the process ends, and the next one reads it again.
                await app.crash(error)
                raise

    return app


def in_namespace(name: str, namespace: str) -> str:
    """The name of a topic where another namespace is wanted."""
    return name.replace("sessiontrack.", f"{namespace}.", 1)


def _by_partition(events: Iterable[EventT[Any]]) -> dict[int, list[EventT[Any]]]:
    found: dict[int, list[EventT[Any]]] = {}
    for event in events:
        found.setdefault(event.message.partition, []).append(event)
    return found
