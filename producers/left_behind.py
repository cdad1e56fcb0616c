"""Sends what programs left in the spool that have ended: a capture that runs on does it for them."""

from __future__ import annotations

import asyncio

from producers.spool.folders import holds_orphans, spool_root
from producers.spooling import SpoolingPublisher
from sessiontrack.settings import Settings

# Nobody waits for it, and a look costs a listing of a folder that is nearly always empty.
_INTERVAL_S = 30.0


async def send_left_behind(settings: Settings) -> None:
    """Looks again and again, until it is cancelled.

    Args:
        settings: Where the spool and the servers are.

    Raises:
        SessionTrackError: The registry refuses the schema of the events.
    """
    while True:
        if await asyncio.to_thread(holds_orphans, spool_root(settings.data_dir)):
            publisher = await SpoolingPublisher.open(settings)
            try:
                await publisher.emptied()
            finally:
                await publisher.close()
        await asyncio.sleep(_INTERVAL_S)
