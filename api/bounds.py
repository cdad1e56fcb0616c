"""How much at once: requests in flight, and bytes of a body. What is beyond is told so, and not queued."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import answer, describe, problem
from sessiontrack.settings import ApiSettings


class Bounds:
    """Refuses what is too much.

    Args:
        app: What is protected.
        settings: The bounds.
    """

    def __init__(self, app: ASGIApp, settings: ApiSettings) -> None:
        self._app = app
        self._most_requests = settings.requests
        self._most_bytes = settings.body_bytes
        self._requests = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets a request pass, or answers it."""
        if scope["type"] != "http" or not _is_counted(scope["path"]):
            await self._app(scope, receive, send)
        elif self._requests >= self._most_requests:
            busy = describe(503, f"{self._requests} requests are being answered", hint="Ask again in a moment.")
            await answer(busy)(scope, receive, send)
        elif _stated_length(scope) > self._most_bytes:
            await problem(413, self._too_large, hint=_SMALLER, headers={"Connection": "close"})(scope, receive, send)
        else:
            self._requests += 1
            try:
                await self._app(scope, self._counting(receive), send)
            finally:
                self._requests -= 1

    @property
    def _too_large(self) -> str:
        return f"the body has more than {self._most_bytes:,} bytes"

    def _counting(self, receive: Receive) -> Receive:
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._most_bytes:
                raise HTTPException(413, self._too_large, headers={"Connection": "close"})
            return message

        return counted


_SMALLER = "Send it in several batches; the setting api.body_bytes is the bound."


def _is_counted(path: str) -> bool:
    """Probes are always answered; live streams have a bound of their own."""
    return not path.endswith("/live") and not path.startswith("/v1/health/")


def _stated_length(scope: Scope) -> int:
    stated = Headers(scope=scope).get("content-length", "0")
    return int(stated) if stated.isdecimal() else 0
