"""Whether a later record of the log has decided already what a refused one was about."""

from __future__ import annotations

from collections.abc import Collection

from aiokafka import TopicPartition

from queries.dead_letters.letter import Letter
from queries.lag import LogPositions
from queries.log import read_partition
from schemas.topics import BY_NAME, DERIVED
from sessiontrack.settings import Settings


async def overtaken(settings: Settings, letters: Collection[Letter]) -> dict[str, Letter]:
    """The letters whose record must not be written any more, by key.

    Versions keep an older record from replacing a newer one. But a tombstone has none: a record that is older than its
    tombstone would bring back what was erased, and a tombstone that is older than a record would erase it.

    Args:
        settings: Where Kafka is.
        letters: Of one group. Events are facts: nothing overtakes them.
    """
    by_partition: dict[TopicPartition, dict[str, Letter]] = {}
    for letter in letters:
        if BY_NAME.get(letter.topic) in DERIVED:
            of_partition = by_partition.setdefault(TopicPartition(letter.topic, letter.partition), {})
            of_partition[letter.record_id] = letter
    if not by_partition:
        return {}
    async with LogPositions(settings) as positions:
        ends = await positions.ends(DERIVED)
    late: dict[str, Letter] = {}
    for partition, of_partition in by_partition.items():
        begin = min(letter.offset for letter in of_partition.values()) + 1
        async for batch in read_partition(settings.kafka, partition, begin, ends[partition]):
            for record in batch:
                # The id of a derived record is its key.
                found = of_partition.get((record.key or b"").decode("utf-8", "replace"))
                if found and record.offset > found.offset and (record.value is None or found.size == 0):
                    late[found.key] = found
    return late
