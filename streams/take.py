"""Takes blocks of records from a Faust stream in batches, and leaves the acknowledgement to the caller.

`Stream.take` and `Stream.noack_take` pass each message through two tasks and wait for a fixed time, whether much or
little is there. This takes what has come while the batch before was processed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any, cast

from faust.types import AppT

from streams.blocks import Block
from streams.stages import Bounds

# A batch is complete when for this time nothing comes: longer than the pauses between events at 50 a second, so that
# these share a batch, and its cost,
_QUIET_S = 0.025
# or after this time, when there is more than can be processed at once.
_LONGEST_S = 0.1


async def take(stream: Any, bounds: Bounds) -> AsyncIterator[list[Block]]:
    """Batches of blocks; each is to be acknowledged.

    Args:
        stream: The stream of an agent, not iterated in any other way.
        bounds: Of each.
    """
    queue = stream.channel.queue
    while True:
        try:
            blocks = [(await queue.get()).message]
        except StopAsyncIteration:
            return
        await _gather(queue, blocks, bounds)
        if owned := _owned(stream.app, blocks):
            yield owned


async def _gather(queue: Any, blocks: list[Block], bounds: Bounds) -> None:
    """Takes more blocks until none comes any more."""
    latest = asyncio.get_running_loop().time() + _LONGEST_S
    known = 0
    while True:
        while not queue.empty() and not _is_enough(blocks, bounds):
            blocks.append(queue.get_nowait().message)
        if len(blocks) == known or _is_enough(blocks, bounds) or asyncio.get_running_loop().time() > latest:
            return
        known = len(blocks)
        await asyncio.sleep(_QUIET_S)


def _is_enough(blocks: list[Block], bounds: Bounds) -> bool:
    return (
        sum(len(block.records) for block in blocks) >= bounds.batch_records
        or sum(block.size for block in blocks) >= bounds.batch_bytes
    )


def acknowledge(app: AppT, blocks: Sequence[Block]) -> None:
    """Lets the offsets of blocks be committed."""
    for block in blocks:
        block.ack(cast(Any, app.consumer))
    # An offset that Faust holds for acknowledged already would stay in work for ever.
    forget(app, blocks)


def forget(app: AppT, blocks: Iterable[Block]) -> None:
    """Lets a rebalance wait for blocks no longer."""
    for block in blocks:
        app.consumer.unacked.discard(block)


def _owned(app: AppT, blocks: list[Block]) -> list[Block]:
    """The blocks of the present assignment, counted as in work: a rebalance waits until they are acknowledged."""
    if not app.flow_control.is_active():
        return []
    owned = [block for block in blocks if block.generation_id == app.consumer_generation_id]
    for block in owned:
        app.consumer.track_message(block)
    return owned
