"""Runs the API in this process."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
import uvicorn

from api.app import create_app
from api.guard import check_settings
from api.services import Services
from sessiontrack.errors import UnavailableError
from sessiontrack.settings import ApiSettings, Settings
from sessiontrack.telemetry.api_metrics import ApiMetrics
from sessiontrack.telemetry.health import Health

log = structlog.get_logger(__name__)

# What a client may take after the process was told to end; its supervisor waits longer.
_GRACE_S = 8
# A query in an address may be as long as it likes, and is told that it is too long.
_MOST_HEAD_BYTES = 256 * 1024
_BEAT_S = 5.0


async def serve(settings: Settings, stop: asyncio.Event, *, metrics: ApiMetrics, health: Health) -> None:
    """Serves the API until `stop` is set; what is being answered then is answered.

    Args:
        settings: Where to listen, and where the stores are.
        stop: Set when it is to end.
        metrics: What is counted.
        health: Told that it works.

    Raises:
        UsageError: It would listen where others could ask without a token.
        UnavailableError: Another program listens there.
    """
    check_settings(settings.api)
    app = create_app(Services(settings, metrics, closing=stop))
    config = uvicorn.Config(
        app,
        lifespan="on",
        http="h11",
        ws="websockets-sansio",
        ws_max_size=settings.api.body_bytes,
        h11_max_incomplete_event_size=_MOST_HEAD_BYTES,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_GRACE_S,
    )
    with _listening(settings.api) as listener:
        log.info("serving", address="http://{}:{}".format(*_address(listener)))
        server = _Server(config)
        watching = asyncio.create_task(_watch(server, stop, health))
        try:
            await server.serve([listener])
        finally:
            watching.cancel()
    if not server.started:
        raise UnavailableError("the API did not start", hint="The log says why.")


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leaves the signals to the worker, which sets `stop`."""
        yield


async def _watch(server: uvicorn.Server, stop: asyncio.Event, health: Health) -> None:
    while not stop.is_set():
        health.ready() if server.started else health.waits("start")
        try:
            async with asyncio.timeout(_BEAT_S if server.started else 0.1):
                await stop.wait()
        except TimeoutError:
            continue
    server.should_exit = True


@contextmanager
def _listening(settings: ApiSettings) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        listener = socket.create_server((settings.host, settings.port), family=family)
    except OSError as error:
        raise UnavailableError(
            f"the API can't listen on {settings.host}:{settings.port}: {error.strerror or error}",
            hint="Set api.port or --port to a free port, or to 0 for any.",
        ) from error
    with listener:
        yield listener


def _address(listener: socket.socket) -> tuple[str, int]:
    host, port = listener.getsockname()[:2]
    return (f"[{host}]" if ":" in host else host), port
