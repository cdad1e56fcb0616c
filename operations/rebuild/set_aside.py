"""The records that a consumer group has set aside."""

from __future__ import annotations

from queries.lag import LogPositions
from queries.log import read_partition
from schemas.topics import DEAD_LETTERS
from sessiontrack.settings import Settings


async def set_aside(settings: Settings, group: str) -> set[str]:
    """Ids of the records among the dead letters of a group.

    Args:
        settings: Where Kafka is.
        group: The consumer group.
    """
    async with LogPositions(settings) as positions:
        begins, ends = await positions.begins([DEAD_LETTERS]), await positions.ends([DEAD_LETTERS])
    found: set[str] = set()
    for place, end in ends.items():
        async for batch in read_partition(settings.kafka, place, begins[place], end):
            for record in batch:
                of_group, _, record_id = (record.key or b"").decode("utf-8", "replace").partition("/")
                if of_group != group:
                    continue
                if record.value is None:
                    found.discard(record_id)
                else:
                    found.add(record_id)
    return found
