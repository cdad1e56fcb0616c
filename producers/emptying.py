"""Publishes what is in the spool."""

from __future__ import annotations

import asyncio
import json
from functools import lru_cache

import structlog

from producers.connection import Connection
from producers.receipt import Receipt
from producers.spool.spool import Spool, Spooled
from schemas.codec import CodecError, Decoder
from schemas.records import SessionEvent
from schemas.topics import EVENTS
from sessiontrack.errors import TerminalError, UnavailableError

# A broker that is busy with much else still acknowledges so many events within this.
_ACK_PATIENCE_S = 10.0
# What is read of the spool at once: a thousand events or so. Until they are acknowledged nothing else is read.
_CHUNK_BYTES = 1024 * 1024

log = structlog.get_logger(__name__)


async def publish_spool(spool: Spool, connection: Connection) -> None:
    """Publishes all that is in the spool, in its order, and removes what is acknowledged.

    Nothing is left in the spool when it returns, and nobody else has had a turn since: no event slips in between.

    Raises:
        TransientError: The broker or the object store refused an event.
        UnavailableError: The broker does not acknowledge.
    """
    spool.adopt()
    count = 0
    while not spool.is_empty:
        events = spool.read(_CHUNK_BYTES)
        await _publish(spool, connection, events)
        spool.acknowledge()
        count += len(events)
    if count:
        log.info("the broker has all that waited on disk", events=count)


async def synced(spool: Spool) -> None:
    """Brings the spool to the disk itself; a disk that does not take it is told of, not raised."""
    try:
        await asyncio.to_thread(spool.sync)
    except OSError as error:
        log.error("the disk does not take what is in the spool", spool=str(spool.root), reason=str(error))


async def _publish(spool: Spool, connection: Connection, events: list[Spooled]) -> None:
    receipts: dict[asyncio.Future[Receipt], Spooled] = {}
    for spooled in events:
        try:
            event: SessionEvent = _decoder(spooled.schema).decode(spooled.value)
            receipts[await connection.publish(event)] = spooled
        except (CodecError, TerminalError) as error:
            _set_aside(spool, spooled, error)
        # Whoever emits meanwhile gets a turn.
        await asyncio.sleep(0)
    if not receipts:
        return
    _, pending = await asyncio.wait(receipts, timeout=_ACK_PATIENCE_S)
    if pending:
        raise UnavailableError(f"the broker does not acknowledge {len(pending)} events")
    for receipt, spooled in receipts.items():
        try:
            receipt.result()
        except TerminalError as error:
            _set_aside(spool, spooled, error)


def _set_aside(spool: Spool, spooled: Spooled, error: Exception) -> None:
    path = spool.set_aside(spooled)
    log.error("a spooled event can't be published and is set aside", path=str(path), reason=str(error))


# A spool holds events of this version of the program, and perhaps of the one before.
@lru_cache(maxsize=2)
def _decoder(schema: bytes) -> Decoder:
    return Decoder(EVENTS.schema, lambda _: json.loads(schema))
