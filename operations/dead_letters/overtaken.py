"""What later records of the log say of what a refused one was about."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from aiokafka import ConsumerRecord, TopicPartition

from queries.dead_letters.letter import Letter
from queries.lag import LogPositions
from queries.log import read_partition
from schemas.records import DeadLetter, Header
from schemas.topics import BY_NAME, DERIVED, EMBEDDED
from sessiontrack.settings import Settings

_DERIVED = (*DERIVED, *EMBEDDED)


class Later(NamedTuple):
    """What stands behind refused records.

    Attributes:
        overtaken: Letters of what was erased since, by key. It must not be written: a tombstone has no version that
            would keep an older record from coming back.
        newer: The last record of the same id, by key of the letter. It is what is to be written: a tombstone that is
            older would erase it; and it may have been refused too, and its letter replaced by that of a worker which
            had lost the partition and did not know it yet.
    """

    overtaken: dict[str, Letter]
    newer: dict[str, ConsumerRecord]


async def later_records(settings: Settings, letters: Collection[Letter]) -> Later:
    """Looks for later records of what letters are about.

    Args:
        settings: Where Kafka is.
        letters: Of one group. Events are facts: nothing overtakes them.
    """
    by_partition: dict[TopicPartition, dict[str, Letter]] = {}
    for letter in letters:
        if BY_NAME.get(letter.topic) in _DERIVED:
            of_partition = by_partition.setdefault(TopicPartition(letter.topic, letter.partition), {})
            of_partition[letter.record_id] = letter
    if not by_partition:
        return Later({}, {})
    async with LogPositions(settings) as positions:
        ends = await positions.ends(_DERIVED)
    last: dict[str, tuple[Letter, ConsumerRecord]] = {}
    for partition, of_partition in by_partition.items():
        begin = min(letter.offset for letter in of_partition.values()) + 1
        async for batch in read_partition(settings.kafka, partition, begin, ends[partition]):
            for record in batch:
                # The id of a derived record is its key.
                found = of_partition.get((record.key or b"").decode("utf-8", "replace"))
                if found and record.offset > found.offset:
                    last[found.key] = found, record
    return Later(
        {key: letter for key, (letter, record) in last.items() if record.value is None},
        {key: record for key, (_, record) in last.items() if record.value is not None},
    )


def newest(original: DeadLetter, newer: ConsumerRecord | None) -> DeadLetter:
    """A refused record, or the newer one of the same id in its place."""
    if newer is None:
        return original
    headers = [Header(name=name, value=value) for name, value in newer.headers]
    return {**original, "offset": newer.offset, "value": newer.value, "headers": headers}
