"""Feeds Faust one message for all records of a partition that were fetched together: a block.

A message costs Faust two tasks and three turns of the loop, some 65 µs whatever is in it; as many as all our stages. A
block costs the same, and holds up to some thousand records. What differs from Faust's own consumer is what a message is
made of, and which offset an acknowledged one leads to; both methods are Faust's own seams (`faust-streaming <0.16`).

Records of a changelog stay single messages: recovery counts their offsets one by one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import faust
from aiokafka import ConsumerRecord
from faust.transport.drivers.aiokafka import Consumer, Transport
from faust.types import TP, ConsumerMessage


class Block(ConsumerMessage):
    """Records of one partition in order of their offsets, as a message; its offset is that of the last one.

    Attributes:
        records: The records; at least one.
        size: Bytes of their values.
    """

    def __init__(self, tp: TP, records: Sequence[ConsumerRecord], generation_id: int) -> None:
        last = records[-1]
        super().__init__(
            tp.topic,
            tp.partition,
            last.offset,
            last.timestamp / 1000,
            last.timestamp_type,
            headers=None,
            key=None,
            value=None,
            checksum=None,
            tp=tp,
            generation_id=generation_id,
        )
        self.records = records
        self.size = sum(len(record.value or b"") for record in records)


class BlockConsumer(Consumer):
    """Faust's consumer, but for blocks."""

    async def _getmany(self, active_partitions: set[TP] | None, timeout: float) -> Mapping[TP, list[Any]]:  # noqa: ASYNC109  # Faust's
        fetched = await super()._getmany(active_partitions, timeout)
        return {tp: records if self._is_changelog_tp(tp) else [records] for tp, records in fetched.items() if records}

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Seeks to where the group is, and to the start of partitions of which nothing is committed.

        These would stay where they were read to before partitions were assigned anew, and what was dropped then would
        not come again.
        """
        committed: Mapping[TP, Any] = await super().seek_to_committed()
        fresh = [tp for tp, offset in committed.items() if not offset and not self._is_changelog_tp(tp)]
        if fresh:
            await self.seek_wait(await self.earliest_offsets(*fresh))
        return committed

    def _to_message(self, tp: TP, record: Any) -> ConsumerMessage:
        if isinstance(record, list):
            return Block(TP(*tp), record, self.app.consumer_generation_id)
        return super()._to_message(tp, record)

    def _new_offset(self, tp: TP) -> int | None:
        """Where to go on after what is acknowledged.

        Blocks are acknowledged in order, and only where they join what is in the state (`streams.pipeline`): all before
        the last one is done. Faust would look for the offsets between them.
        """
        acked = self._acked[tp]
        if not acked:
            return None
        last: int = max(acked)
        acked.clear()
        self._acked_index[tp].clear()
        return last + 1

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Notes nothing: between the offsets of two blocks are the records of the second one."""

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Warns of nothing: Faust looks at events that it hands over itself, and there are none."""


class BlockTransport(Transport):
    """Faust's transport, but for blocks."""

    Consumer = BlockConsumer


def feed_blocks(app: faust.App) -> None:
    """Lets an app, before it starts, receive blocks."""
    app.transport = BlockTransport(app.conf.broker_consumer, app)
