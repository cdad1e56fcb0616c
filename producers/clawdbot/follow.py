"""Follows folders live: the system tells of changes, and a look around now and then finds what it did not tell."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import structlog
from watchfiles import awatch

from producers.clawdbot.reader import Reader

# watchfiles' own values (50 and 1600) cost 76 ms for each change; these cost one to two.
_STEP_MS = 1
_DEBOUNCE_MS = 10
# How often to see whether a look around is due while nothing happens.
_TICK_MS = 200
# Notifications get lost (network folders, full queues, folders behind links): this finds what they concealed.
_LOOK_AROUND_S = 30.0

log = structlog.get_logger(__name__)


async def follow(reader: Reader, roots: list[Path], stop: asyncio.Event, on_change: Callable[[], None]) -> None:
    """Reads what changes until `stop` is set.

    Args:
        reader: Has read all there was.
        roots: What to watch; one that vanishes is watched again when it is back.
        stop: Ends it.
        on_change: Called after each set of changes.
    """
    while not stop.is_set():
        present = [root for root in roots if root.exists()]
        await _watch(reader, roots, present, stop, on_change)


async def _watch(
    reader: Reader, roots: list[Path], present: list[Path], stop: asyncio.Event, on_change: Callable[[], None]
) -> None:
    # What changed while the watch was set up is found by the first look around.
    looked_at = -_LOOK_AROUND_S
    async for changes in awatch(
        *present,
        watch_filter=None,
        step=_STEP_MS,
        debounce=_DEBOUNCE_MS,
        rust_timeout=_TICK_MS,
        yield_on_timeout=True,
        stop_event=stop,
        ignore_permission_denied=True,
    ):
        if changes:
            await reader.read_changed({Path(path) for _, path in changes})
            on_change()
        if time.monotonic() - looked_at >= _LOOK_AROUND_S:
            looked_at = time.monotonic()
            await reader.look_around()
            on_change()
            if [root for root in roots if root.exists()] != present:
                return
