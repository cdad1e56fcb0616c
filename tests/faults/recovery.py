"""Waiting until everything that was written is in every store."""

from __future__ import annotations

import asyncio
import time
from collections import Counter

from queries.lag import LogPositions
from queries.postgres import connected
from queries.verify.cut import make_cut, wait_for_pipeline
from sessiontrack.errors import UnavailableError
from sessiontrack.settings import Settings
from tests.faults.writer import Written

# What is stuck stays so; a loaded machine may take minutes to start OpenSearch and to rebalance after it.
LONGEST_S = 300.0
_POLL_S = 0.2
# A line is what has a chain; the head of a generation repeats the chain of its last line.
_LINES = """
    SELECT session_id, count(*) FROM events
    WHERE chain IS NOT NULL AND kind <> 'TRANSCRIPT_HEAD' GROUP BY session_id
"""


def wait_until_recovered(settings: Settings, written: Written) -> None:
    """Returns once every line that was written is in PostgreSQL, and every worker has committed all of the log.

    Args:
        settings: Where the servers are, all of which run.
        written: What the writer, which pauses, has written.

    Raises:
        UnavailableError: It takes too long; the message says what is missing.
    """
    _wait_for_lines(settings, written)
    asyncio.run(_wait_for_workers(settings))


def stored_lines(settings: Settings) -> Counter[str]:
    """How many lines of each session are in PostgreSQL."""
    with connected(settings) as connection:
        return Counter(dict(connection.execute(_LINES).fetchall()))


def _wait_for_lines(settings: Settings, written: Written) -> None:
    deadline = time.monotonic() + LONGEST_S
    while True:
        missing = written.lines - stored_lines(settings)
        if not missing:
            return
        if time.monotonic() > deadline:
            raise UnavailableError(
                f"{missing.total()} lines of {len(missing)} sessions are not in PostgreSQL after {LONGEST_S:.0f} s"
            )
        time.sleep(_POLL_S)


async def _wait_for_workers(settings: Settings) -> None:
    async with LogPositions(settings) as positions:
        cut = await make_cut(positions)
        await wait_for_pipeline(positions, cut, stall_s=LONGEST_S, progress=lambda worker, lag: None)
