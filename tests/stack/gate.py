"""A port that leads to a server, and can be shut: the server is away then, without a restart."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from threading import Thread
from types import TracebackType
from typing import Any, Self

from infra.stack.ports import LOOPBACK, choose
from tests.stack.waiting import PATIENCE_S


class Gate:
    """Forwards connections in a thread of its own while it is open.

    Args:
        host: The server's.
        port: The server's.

    Attributes:
        port: Its own.
    """

    def __init__(self, host: str, port: int) -> None:
        (self.port,) = choose(1)
        self._target = host, port
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.shut()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE_S)
        self._loop.close()

    def open(self) -> None:
        """Lets connections through."""
        self._run(self._open())

    def shut(self) -> None:
        """Breaks all connections, and refuses new ones."""
        self._run(self._shut())

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE_S)

    async def _open(self) -> None:
        self._server = await asyncio.start_server(self._forward, LOOPBACK, self.port)

    async def _shut(self) -> None:
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        while self._writers:
            for writer in self._writers:
                writer.transport.abort()
            await asyncio.sleep(0.01)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            with suppress(OSError):
                server_reader, server_writer = await asyncio.open_connection(*self._target)
                self._writers.add(server_writer)
                try:
                    await asyncio.gather(_pump(reader, server_writer), _pump(server_reader, writer))
                finally:
                    self._writers.discard(server_writer)
                    server_writer.transport.abort()
        finally:
            self._writers.discard(writer)
            writer.transport.abort()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()
