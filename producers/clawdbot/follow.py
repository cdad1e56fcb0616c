"""Follows folders live: the system tells of changes, and a look around between them finds what it did not tell."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Protocol

import structlog
from watchfiles import awatch

from producers.clawdbot.housekeeping import Housekeeping
from sessiontrack.telemetry.health import Health

# watchfiles' own values (50 and 1600) cost 76 ms for each change; these cost one to two.
_STEP_MS = 1
_DEBOUNCE_MS = 10
# How often to see whether housekeeping is due while nothing happens.
_TICK_MS = 200
# Between slices of housekeeping: most of a core stays free for what changes, and for the assistant.
_PAUSE_S = 0.008
# Without notifications: what a person still feels as soon, at a cost of some milliseconds for thousands of files.
_POLL_S = 2.0
_LIMIT_HINT = "Raise a limit with `sysctl fs.inotify.max_user_watches=524288`, or max_user_instances, and start again."

log = structlog.get_logger(__name__)


class Followed(Protocol):
    """What reads: `producers.clawdbot.sources.Sources`."""

    async def read_changed(self, changed: set[Path]) -> None:
        """Reads what is new in files of which something changed."""

    def look_around(self) -> AsyncGenerator[None, None]:
        """Reads what changed unnoticed; pauses after each small piece of the work."""


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
        # What changed while the watch was set up is found by the first look around.
        housekeeping = Housekeeping(reader.look_around, on_change)
        async with (
            aclosing(housekeeping),
            aclosing(_changes(list(present), stop)) as live,
            aclosing(_keeping_house(live, housekeeping)) as changes,
        ):
            async for changed in changes:
                health.beat()
                if changed is None:
                    housekeeping.interval_s = _POLL_S
                elif changed:
                    await reader.read_changed(changed)
                    on_change()
                # A folder that is removed and made again may get the same inode: then only the change tells.
                if _identities(roots) != present or (changed and not changed.isdisjoint(present)):
                    break


async def _keeping_house(
    changes: AsyncGenerator[set[Path] | None, None], housekeeping: Housekeeping
) -> AsyncGenerator[set[Path] | None, None]:
    """Passes on what changes as soon as it does, and keeps house meanwhile, a slice at a time."""
    while True:
        upcoming = asyncio.ensure_future(anext(changes))
        try:
            while housekeeping.is_due and not upcoming.done():
                await housekeeping.go_on()
                await asyncio.wait([upcoming], timeout=_PAUSE_S)
            changed = await upcoming
        except StopAsyncIteration:
            return
        finally:
            upcoming.cancel()
            await asyncio.wait([upcoming])
        yield changed


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
