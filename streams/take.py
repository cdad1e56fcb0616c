"""Takes events from a Faust stream in batches, and leaves the acknowledgement to the caller.

`Stream.noack_take` waits for a fixed time whether much or little is there, and passes each event through two tasks.
This takes what has come while the batch before was processed, at two thirds of the cost.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Any

from faust.types import AppT, EventT

# A batch is complete when for this time nothing comes: longer than the pauses between events at 50 a second, so that
# these share a batch, and its cost,
_QUIET_S = 0.025
# or after this time, when there is more than can be processed at once.
_LONGEST_S = 0.1


async def take(stream: Any, most: int) -> AsyncIterator[list[EventT[Any]]]:
    """Batches of events; each is to be acknowledged.

    Args:
        stream: The stream of an agent, not iterated in any other way.
        most: Most events in a batch.
    """
    queue = stream.channel.queue
    while True:
        try:
            events = [await queue.get()]
        except StopAsyncIteration:
            return
        await _gather(queue, events, most)
        if owned := _owned(stream.app, events):
            yield owned


async def _gather(queue: Any, events: list[EventT[Any]], most: int) -> None:
    """Takes more events until none comes any more."""
    latest = asyncio.get_running_loop().time() + _LONGEST_S
    known = 0
    while known < len(events) < most and asyncio.get_running_loop().time() < latest:
        known = len(events)
        await asyncio.sleep(_QUIET_S)
        while len(events) < most and not queue.empty():
            events.append(queue.get_nowait())


def acknowledge(app: AppT, events: Iterable[EventT[Any]]) -> None:
    """Lets the offsets of events be committed."""
    for event in events:
        event.ack()
        # An offset that Faust holds for acknowledged already would stay in work for ever.
        app.consumer.unacked.discard(event.message)


def _owned(app: AppT, events: list[EventT[Any]]) -> list[EventT[Any]]:
    """The events of the present assignment, counted as in work: a rebalance waits until they are acknowledged."""
    if not app.flow_control.is_active():
        return []
    owned = [event for event in events if event.message.generation_id == app.consumer_generation_id]
    for event in owned:
        app.consumer.track_message(event.message)
    return owned
