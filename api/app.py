"""The app, and the way of a request.

It passes, in this order:

`Access` (counts and logs it), `Guard` (who may ask), `Bounds` (how much at once), the route in `routes/`, which parses
it and calls `queries` or the gateway, and `problems`, which makes of every error an answer that says what to do. What
no route has `Pages` may have: the files of the web dashboard.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from api.access import Access
from api.bounds import Bounds
from api.guard import Guard
from api.openapi import described
from api.pages import Pages
from api.problems import tell_of_problems
from api.routes import analysis, events, live, operations, search, sessions, state, transcripts
from api.services import Services, opened

ROUTERS = (
    sessions.router,
    transcripts.router,
    search.router,
    analysis.router,
    live.router,
    events.router,
    state.router,
    operations.router,
    operations.tasks_router,
)


def create_app(services: Services) -> FastAPI:
    """The app.

    Args:
        services: What its routes work with; opened when it starts.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with opened(services):
            yield

    # The pages of FastAPI load scripts from elsewhere.
    app = FastAPI(
        openapi_url="/v1/openapi.json", docs_url=None, redoc_url=None, lifespan=lifespan, redirect_slashes=False
    )
    app.state.services = services
    for router in ROUTERS:
        app.include_router(router)
    app.router.routes.append(Pages())
    tell_of_problems(app)
    # The last one added is the first that a request comes to.
    app.add_middleware(Bounds, settings=services.settings.api)
    app.add_middleware(Guard, settings=services.settings.api)
    app.add_middleware(Access, metrics=services.metrics)
    app.openapi = lambda: described(app)  # type: ignore[method-assign]
    return app
