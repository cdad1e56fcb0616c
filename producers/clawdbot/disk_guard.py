"""Capture stops before the disk is full, and goes on by itself when there is room.

What is not captured stays in the transcripts. Checkpoints, spool and the servers of a native stack, which share the
disk, would be damaged or stand still; and the assistant needs room as well.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import structlog

from sessiontrack.disk import DiskSpace, disk_space
from sessiontrack.telemetry.health import Health

_POLL_S = 2.0
# It goes on with so much more than the reserve, so that it does not stop again at once.
_ROOM_AGAIN = 1.1

log = structlog.get_logger(__name__)


class DiskGuard:
    """Holds capture up while the disk is nearly full.

    Args:
        folder: The data folder.
        reserve_bytes: What is to stay free on its disk.
        stop: Ends the waiting.
        health: Told what is waited for.
    """

    def __init__(self, folder: Path, reserve_bytes: int, stop: asyncio.Event, health: Health) -> None:
        self._folder = folder
        self._reserve_bytes = reserve_bytes
        self._stop = stop
        self._health = health

    async def wait_for_room(self) -> None:
        """Waits while the reserve is touched."""
        space = self._space()
        if not space.is_low:
            return
        log.error(
            "the disk is nearly full: nothing more is captured until there is room; nothing is lost",
            path=str(space.folder),
            free_bytes=space.free,
            reserve_bytes=space.reserve,
            hint="Make room, or lower SESSIONTRACK_DISK_RESERVE_BYTES.",
        )
        while space.free < _ROOM_AGAIN * space.reserve and not self._stop.is_set():
            self._health.waits("disk")
            await asyncio.sleep(_POLL_S)
            space = self._space()
        self._health.ready()
        log.info("the disk has room again, capture goes on", free_bytes=space.free)

    def _space(self) -> DiskSpace:
        return disk_space(self._folder, self._reserve_bytes)
