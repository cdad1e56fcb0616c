"""The records that a worker has set aside."""

from __future__ import annotations

from queries.dead_letters.letter import ids_by_worker
from queries.dead_letters.topic import reading
from sessiontrack.settings import Settings


async def set_aside(settings: Settings, worker: str) -> set[str]:
    """Ids of the records among the dead letters of a worker's group, those that were given up too.

    Args:
        settings: Where Kafka and the registry are.
        worker: Name of the worker.
    """
    with reading(settings) as reader:
        standing = await reader.standing()
    return ids_by_worker(standing.letters.values()).get(worker, set())
