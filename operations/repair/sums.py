"""Makes the sums of messages anew that PostgreSQL keeps, as its sink makes them."""

from __future__ import annotations

from collections.abc import Collection

from consumers.postgres.activity import stage_touched, sum_up_touched, touch_sessions
from consumers.postgres.writing import PostgresWriter
from sessiontrack.settings import Settings


async def sum_up(settings: Settings, session_ids: Collection[str]) -> None:
    """Brings all sums of some sessions up to their messages.

    Raises:
        TransientError: PostgreSQL does not answer.
    """
    writer = PostgresWriter(settings.postgres, "repair", stage_touched)
    try:
        async with writer.transaction() as cursor:
            await touch_sessions(cursor, session_ids)
            await sum_up_touched(cursor)
    finally:
        await writer.close()
