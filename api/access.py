"""Tells of every request: a line of the log, and metrics. Never of what was searched for, or who was asked about."""

from __future__ import annotations

import time

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sessiontrack.telemetry.api_metrics import ApiMetrics

log = structlog.get_logger(__name__)

# An address that no route has: whoever invents addresses makes no new series of metrics.
_NO_ROUTE = "none"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Access:
    """Counts and logs requests.

    Args:
        app: What answers them.
        metrics: Where they are counted.
    """

    def __init__(self, app: ASGIApp, metrics: ApiMetrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on, and tells how it went."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = time.perf_counter()
        status, size = 500, 0

        async def noted(message: Message) -> None:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = message["status"]
            size += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            self._tell(scope, status, size, time.perf_counter() - begun)

    def _tell(self, scope: Scope, status: int, size: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", _NO_ROUTE)
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._metrics.request(method, route, status)
        if not route.endswith("/live"):
            self._metrics.answered(route, seconds)
        log.info("request", method=method, route=route, status=status, bytes=size, ms=round(seconds * 1000, 1))
