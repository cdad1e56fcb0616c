"""Follows folders live: the system tells of changes, and a look around now and then finds what it did not tell."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import structlog
from watchfiles import awatch

from sessiontrack.telemetry.health import Health

# watchfiles' own values (50 and 1600) cost 76 ms for each change; these cost one to two.
_STEP_MS = 1
_DEBOUNCE_MS = 10
# How often to see whether a look around is due while nothing happens.
_TICK_MS = 200
# Notifications get lost (network folders, full queues, folders behind links): this finds what they concealed.
_LOOK_AROUND_S = 30.0
# Without notifications: what a person still feels as soon, at a cost of some milliseconds for thousands of files.
_POLL_S = 2.0
_LIMIT_HINT = "Raise a limit with `sysctl fs.inotify.max_user_watches=524288`, or max_user_instances, and start again."

log = structlog.get_logger(__name__)


class Followed(Protocol):
    """What reads: `producers.clawdbot.sources.Sources`."""

    async def read_changed(self, changed: set[Path]) -> None:
        """Reads what is new in files of which something changed."""

    async def look_around(self) -> None:
        """Reads what changed unnoticed."""


async def follow(
    reader: Followed,
    roots: list[Path],
    stop: asyncio.Event,
    on_change: Callable[[], None],
    health: Health | None = None,
) -> None:
    """Reads what changes until `stop` is set.

    Args:
        reader: Has read all there was.
        roots: What to watch; one that vanishes is watched again when it is back.
        stop: Ends it.
        on_change: Called after each set of changes.
        health: Told that it runs.
    """
    health = health or Health()
    while not stop.is_set():
        present = _identities(roots)
        changes = _changes(list(present), stop)
        # What changed while the watch was set up is found by the first look around.
        looked_at, interval = -math.inf, _LOOK_AROUND_S
        try:
            async for changed in changes:
                health.beat()
                if changed is None:
                    interval = _POLL_S
                elif changed:
                    await reader.read_changed(changed)
                    on_change()
                if time.monotonic() - looked_at >= interval:
                    await reader.look_around()
                    looked_at = time.monotonic()
                    on_change()
                # A folder that is removed and made again may get the same inode: then only the change tells.
                if _identities(roots) != present or (changed and not changed.isdisjoint(present)):
                    break
        finally:
            await changes.aclose()


async def _changes(paths: list[Path], stop: asyncio.Event) -> AsyncGenerator[set[Path] | None, None]:
    """Paths that changed, no paths now and then; None in their place while the system does not tell of changes."""
    try:
        async for changes in awatch(
            *paths,
            watch_filter=None,
            step=_STEP_MS,
            debounce=_DEBOUNCE_MS,
            rust_timeout=_TICK_MS,
            yield_on_timeout=True,
            stop_event=stop,
            # With True it would go on without those folders, and without all that come after them.
            ignore_permission_denied=False,
        ):
            yield {Path(path) for _, path in changes}
    except FileNotFoundError:
        return  # gone since it was looked for
    except (OSError, RuntimeError) as error:  # its own error for a limit is a RuntimeError
        log.warning(
            "the system does not tell of changes, looking around for them instead",
            seconds=_POLL_S,
            reason=str(error),
            hint=_LIMIT_HINT,
        )
        while not stop.is_set():
            yield None
            await _tick(stop)


async def _tick(stop: asyncio.Event) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(_TICK_MS / 1000):
            await stop.wait()


def _identities(roots: list[Path]) -> dict[Path, tuple[int, int]]:
    """The roots that are there; one that was removed and made again is another."""
    found = {}
    for root in roots:
        with suppress(OSError):
            stat = root.stat()
            found[root] = stat.st_dev, stat.st_ino
    return found
