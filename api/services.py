"""What the routes work with: opened when the app starts, closed when it ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Annotated

import anyio.to_thread
from fastapi import Depends
from starlette.requests import HTTPConnection

from api.recent import Recent
from operations.tasks.running import Tasks
from producers.emitter import SessionEmitter
from producers.gateway import Gateway
from queries import opensearch, postgres, questions
from queries.live import LiveLog
from queries.vectors import choice as vectors
from queries.workers import Rates
from sessiontrack.errors import TransientError
from sessiontrack.settings import Settings
from sessiontrack.telemetry.api_metrics import ApiMetrics

# That of a session of 50,000 entries has some 50 MB.
_OUTLINES = 4
_SELDOM_S = 60.0


@dataclass(slots=True)
class Services:
    """What the routes work with.

    Attributes:
        settings: The process's settings.
        metrics: What is counted.
        closing: Set when the process is to end: live streams end then.
        gateway: Takes events; None until the app has started.
        live: The log as it grows; None until the app has started.
        recent: What was read a moment ago.
        outlines: Trees of sessions as they stand: they are read part by part, and again as they grow.
        seldom: What was read within a minute: it takes the stores a second, and hardly changes.
        rates: How fast the workers are.
        tasks: What operators started; None until the app has started.
        verifying: Held by the one verify that runs.
        batches: How many batches of events wait for the log.
    """

    settings: Settings
    metrics: ApiMetrics
    closing: asyncio.Event
    gateway: Gateway | None = None
    live: LiveLog | None = None
    tasks: Tasks | None = None
    verifying: asyncio.Lock = field(default_factory=asyncio.Lock)
    batches: int = 0
    _streams: int = 0
    rates: Rates = field(default_factory=Rates)
    recent: Recent = field(init=False)
    outlines: Recent = field(init=False)
    seldom: Recent = field(init=False)

    def __post_init__(self) -> None:
        self.recent = Recent(self.metrics)
        self.outlines = Recent(self.metrics, most=_OUTLINES, most_age_s=_SELDOM_S)
        self.seldom = Recent(self.metrics, most_age_s=_SELDOM_S)

    @contextmanager
    def stream(self) -> Iterator[None]:
        """Counts a live stream or a WebSocket while it is open.

        Raises:
            TransientError: So many are open already.
        """
        self.check_streams()
        self._count(1)
        try:
            yield
        finally:
            self._count(-1)

    def check_streams(self) -> None:
        """Whether one more may be opened.

        Raises:
            TransientError: So many are open already.
        """
        if self._streams >= self.settings.api.streams:
            raise TransientError(
                f"{self._streams} live streams are open", hint="Close one, or raise the setting api.streams."
            )

    def _count(self, change: int) -> None:
        self._streams += change
        self.metrics.streams(self._streams)


@asynccontextmanager
async def opened(services: Services) -> AsyncIterator[None]:
    """The connections of the app: one pool for each store, one producer, one model.

    Servers that are away are connected to later.

    Raises:
        SessionTrackError: The registry refuses the schema of the events.
    """
    settings = services.settings
    threads = settings.api.threads
    # Each thread has at most one connection to each store.
    anyio.to_thread.current_default_thread_limiter().total_tokens = threads
    with (
        postgres.pooled(settings, threads),
        opensearch.pooled(settings, threads),
        vectors.pooled(settings),
        questions.kept(settings, services.metrics.registry),
    ):
        async with SessionEmitter(settings) as emitter:
            services.gateway = Gateway(emitter, settings.family)
            services.live = LiveLog(settings)
            services.tasks = Tasks(settings)
            try:
                yield
            finally:
                await services.tasks.close()
                services.live.close()


async def of_connection(connection: HTTPConnection) -> Services:
    """The services of the app that a request or a WebSocket is for; no thread is needed to find them."""
    services: Services = connection.app.state.services
    return services


ServicesOf = Annotated[Services, Depends(of_connection)]
