from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

from api.event_stream import EventStream, Sent
from sessiontrack.errors import UnavailableError


class Reader:
    """A reader who takes what is sent while he is open."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.left = asyncio.Event()
        self.text = ""
        self.ended = False

    async def receive(self) -> dict[str, Any]:
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.body":
            await self.open.wait()
        self.text += message.get("body", b"").decode()
        self.ended = message["type"] == "http.response.body" and not message["more_body"]


async def endless() -> AsyncGenerator[Sent]:
    for number in range(10**9):
        yield Sent(number, id=str(number))


async def few() -> AsyncGenerator[Sent]:
    yield Sent({"text": "a\nb\u2028"}, id="1:2", event="ready")
    await asyncio.Event().wait()


async def failing() -> AsyncGenerator[Sent]:
    yield Sent(1)
    raise UnavailableError("the log is away", hint="start it")


async def run(stream: EventStream, reader: Reader) -> None:
    await stream({"type": "http"}, reader.receive, reader.send)


async def test_a_reader_who_takes_nothing_is_dropped_and_told() -> None:
    reader = Reader()
    # He takes something at last when he has been given up.
    await run(EventStream(endless(), asyncio.Event(), buffer=4, patience_s=0.01, dropped=reader.open.set), reader)
    assert reader.ended
    last = reader.text.strip().split("\n\n")[-1]
    assert last.startswith("event: dropped\ndata: ")
    # Where he goes on is after what he was given: this one has no id.
    assert "id:" not in last
    assert reader.text.count("id:") <= 1


async def test_a_reader_who_never_takes_anything_is_left() -> None:
    reader = Reader()
    await run(EventStream(endless(), asyncio.Event(), buffer=4, patience_s=0.01), reader)
    assert not reader.ended


async def test_events_and_heartbeats_are_in_the_format_of_the_standard() -> None:
    reader = Reader()
    reader.open.set()
    stream = EventStream(few(), asyncio.Event(), heartbeat_s=0.001)
    running = asyncio.create_task(run(stream, reader))
    while ": still here" not in reader.text:  # noqa: ASYNC110
        await asyncio.sleep(0)
    reader.left.set()
    await running
    assert reader.text.startswith(
        'retry: 2000\n\nid: 1:2\nevent: ready\ndata: {"text": "a\\nb\\u2028"}\n\n: still here\n\n'
    )


async def test_the_end_of_the_process_is_told() -> None:
    reader, closing = Reader(), asyncio.Event()
    reader.open.set()
    running = asyncio.create_task(run(EventStream(few(), closing), reader))
    while "ready" not in reader.text:  # noqa: ASYNC110
        await asyncio.sleep(0)
    closing.set()
    await running
    assert reader.ended
    assert "event: closing" in reader.text


async def test_a_log_that_is_away_is_told() -> None:
    reader = Reader()
    reader.open.set()
    await run(EventStream(failing(), asyncio.Event()), reader)
    assert reader.ended
    assert "event: unavailable" in reader.text
