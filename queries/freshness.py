"""Waits until a worker has what the log had when the question was asked, so that an answer does not lag behind it."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from aiokafka import TopicPartition

from queries.archive import partition_of
from queries.lag import LogPositions
from queries.verify.cut import POLL_SECONDS, behind
from schemas.topics import EVENTS
from sessiontrack.errors import UnavailableError
from sessiontrack.settings import Settings


def wait_for_archive(settings: Settings, session_id: str | None, timeout_s: float) -> int:
    """Waits until the archive holds what the log holds now; not at all where the log is away.

    Args:
        settings: Where Kafka is.
        session_id: Only what the log holds of this session's partition; None for all.
        timeout_s: Longest wait, seconds.

    Returns:
        Records that the archive is still behind.
    """
    try:
        return asyncio.run(_wait(settings, session_id, timeout_s))
    except UnavailableError:
        return 0


async def _wait(settings: Settings, session_id: str | None, timeout_s: float) -> int:
    async with LogPositions(settings) as positions:
        begins, ends = await positions.begins([EVENTS]), await positions.ends([EVENTS])
        if session_id is not None:
            partition = TopicPartition(EVENTS.name, partition_of(session_id))
            ends = {partition: ends[partition]}
        left = 0
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                # Kafka can only be asked.
                while left := behind(await positions.committed("archive"), ends, begins):  # noqa: ASYNC110
                    await asyncio.sleep(POLL_SECONDS)
        return left
