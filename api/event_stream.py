"""Server-sent events: what a reader has not taken yet is bounded, and a reader who falls behind is told and let go.

Source: https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from sessiontrack.errors import SessionTrackError

# Proxies close connections on which nothing is said for a minute.
HEARTBEAT_S = 15.0
# Events that wait for a reader, of half a MiB at most, and for how long he may take none. The log holds the rest: he
# comes back to where he was, and loses nothing.
BUFFER = 32
PATIENCE_S = 20.0
RETRY_MS = 2_000
_HEARTBEAT = b": still here\n\n"


@dataclass(frozen=True, slots=True)
class Sent:
    """An event of a stream.

    Attributes:
        event: Its name; a browser calls `onmessage` for those of none.
        data: What it says.
        id: Where to go on after it.
        last: Whether the stream ends with it.
    """

    data: Any
    event: str | None = None
    id: str | None = None
    last: bool = False

    def encode(self) -> bytes:
        """Its bytes."""
        fields = {"id": self.id, "event": self.event, "data": json.dumps(self.data, ensure_ascii=True)}
        return "".join(f"{name}: {value}\n" for name, value in fields.items() if value is not None).encode() + b"\n"


DROPPED = Sent(
    {"detail": "you read too slowly", "hint": "Connect again with the last id as Last-Event-ID: nothing is lost."},
    event="dropped",
    last=True,
)
CLOSING = Sent(
    {"detail": "the server ends", "hint": "Connect again with the last id as Last-Event-ID."},
    event="closing",
    last=True,
)


class EventStream(Response):
    """Streams events until the reader leaves or falls behind, or the process ends.

    Args:
        source: The events.
        closing: Set when the process is to end.
        buffer: Most events that wait for the reader.
        patience_s: Seconds that he may take none of them.
        heartbeat_s: Seconds without an event after which a comment is sent.
        dropped: Told where the reader was too slow.
    """

    media_type = "text/event-stream"

    def __init__(
        self,
        source: AsyncGenerator[Sent],
        closing: asyncio.Event,
        *,
        buffer: int = BUFFER,
        patience_s: float = PATIENCE_S,
        heartbeat_s: float = HEARTBEAT_S,
        dropped: Callable[[], None] = lambda: None,
    ) -> None:
        self.status_code = 200
        self.background = None
        self._dropped = dropped
        self._source = source
        self._closing = closing
        self._behind = asyncio.Event()
        self._waiting: asyncio.Queue[Sent] = asyncio.Queue(buffer)
        self._patience_s = patience_s
        self._heartbeat_s = heartbeat_s
        # Nothing between here and the reader may hold events back.
        self.init_headers({"Cache-Control": "no-store", "X-Accel-Buffering": "no"})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends the events."""
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        filling = asyncio.create_task(self._fill())
        ends = (self._closing.wait(), _left(receive), self._given_up())
        ending = [asyncio.create_task(each) for each in ends]
        sending = asyncio.create_task(self._send(send))
        try:
            await asyncio.wait([sending, *ending], return_when=asyncio.FIRST_COMPLETED)
            if self._closing.is_set() and not sending.done():
                self._end_with(CLOSING)
                await asyncio.wait([sending], timeout=1)
            if sending.done():
                sending.result()
        finally:
            for task in (filling, sending, *ending):
                task.cancel()
            await asyncio.gather(filling, sending, *ending, return_exceptions=True)

    async def _fill(self) -> None:
        try:
            async with aclosing(self._source) as source:
                async for each in source:
                    async with asyncio.timeout(self._patience_s):
                        await self._waiting.put(each)
        except TimeoutError:
            self._dropped()
            self._end_with(DROPPED)
            self._behind.set()
        except SessionTrackError as error:
            self._end_with(Sent({"detail": str(error), "hint": error.hint}, event="unavailable", last=True))

    async def _given_up(self) -> None:
        """Ends when a reader who fell behind does not even take that he is told so."""
        await self._behind.wait()
        await asyncio.sleep(self._patience_s)

    def _end_with(self, last: Sent) -> None:
        """What waits is left out: the reader asks for it again."""
        while not self._waiting.empty():
            self._waiting.get_nowait()
        self._waiting.put_nowait(last)

    async def _send(self, send: Send) -> None:
        await _say(send, f"retry: {RETRY_MS}\n\n".encode())
        while True:
            try:
                async with asyncio.timeout(self._heartbeat_s):
                    each = await self._waiting.get()
            except TimeoutError:
                await _say(send, _HEARTBEAT)
                continue
            await _say(send, each.encode(), more=not each.last)
            if each.last:
                return


async def _say(send: Send, body: bytes, *, more: bool = True) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": more})


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
