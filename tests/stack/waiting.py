"""Waiting that ends: what does not come is named."""

from __future__ import annotations

import asyncio
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

# A loaded machine may stand still for a while; what is stuck stays so.
PATIENCE_S = 120.0
_PAUSE_S = 0.05


async def until(condition: Callable[[], Awaitable[bool]], what: str) -> None:
    """Waits until a condition of another process or task holds.

    Args:
        condition: Looks whether it does; it must hold for good, or at least until something is done about it.
        what: What it is that should come, for the failure's message.
    """
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not await condition():  # noqa: ASYNC110  # nothing tells when it does
                await asyncio.sleep(_PAUSE_S)
    except TimeoutError as error:
        raise AssertionError(f"did not come within {PATIENCE_S:.0f} s: {what}") from error


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """The same outside of an event loop."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"did not come within {PATIENCE_S:.0f} s: {what}"
        time.sleep(_PAUSE_S)


@contextmanager
def reaped(process: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is no more at the end, whatever happened."""
    try:
        yield process
    finally:
        process.kill()
        process.wait()


async def ended(process: subprocess.Popen[bytes]) -> int:
    """The exit code of a process that ends by itself."""
    return await asyncio.to_thread(process.wait, PATIENCE_S)
