from __future__ import annotations

import asyncio
import time

from producers.watchdog import Watchdog


async def silence(watchdog: Watchdog, event: asyncio.Event) -> None:
    watchdog.start()
    async with asyncio.timeout(10):
        await event.wait()


async def test_silence_is_told_once() -> None:
    told: list[int] = []
    event = asyncio.Event()

    def tell() -> None:
        told.append(1)
        event.set()

    watchdog = Watchdog(0.02, tell)
    await silence(watchdog, event)
    await asyncio.sleep(0.06)
    assert told == [1]
    event.clear()
    await silence(watchdog, event)
    assert told == [1, 1]


async def test_a_loop_that_its_own_program_holds_up_is_no_silence() -> None:
    event = asyncio.Event()
    watchdog = Watchdog(0.4, event.set)
    watchdog.start()
    time.sleep(0.6)  # noqa: ASYNC251  # the point of it
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not event.is_set()
    watchdog.stop()


async def test_whatever_is_acknowledged_breaks_the_silence_but_not_for_ever() -> None:
    event = asyncio.Event()
    watchdog = Watchdog(0.02, event.set)
    watchdog.start()
    async with asyncio.timeout(10):
        while not event.is_set():
            watchdog.acknowledged(oldest=False)
            await asyncio.sleep(0.001)
