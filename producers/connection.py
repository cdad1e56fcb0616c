"""What a way to the broker is."""

from __future__ import annotations

import asyncio
from typing import Protocol

from producers.receipt import Receipt
from schemas.records import SessionEvent


class Connection(Protocol):
    """A way to the broker: `producers.publisher.Publisher`, or a fake in a test."""

    def encode(self, event: SessionEvent) -> bytes:
        """The framed value."""

    async def publish(self, event: SessionEvent) -> asyncio.Future[Receipt]:
        """Publishes an event, its line by way of the object store where it is large."""

    async def produce(self, event: SessionEvent, value: bytes) -> asyncio.Future[Receipt]:
        """Publishes an event that is encoded."""

    async def close(self) -> None:
        """Disconnects after what is in flight."""

    async def abandon(self) -> None:
        """Disconnects at once."""
