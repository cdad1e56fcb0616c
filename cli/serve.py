"""serve: the web dashboard and the HTTP API, in the foreground."""

from __future__ import annotations

from typing import Annotated

import typer


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on; setting api.host.")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Its port, 0 for any free one; setting api.port.")
    ] = None,
) -> None:
    """Serve the web dashboard and the HTTP API in the foreground, on this machine only.

    Any address but a loopback one wants the setting api.token. Waits for servers that are away. SIGTERM lets it finish
    what it is answering.
    """
    from functools import partial

    from api.guard import check_settings
    from api.serve import serve as work
    from sessiontrack.data_folder import require_known_format
    from sessiontrack.logs import configure_logging
    from sessiontrack.settings import get_settings
    from sessiontrack.telemetry.api_metrics import ApiMetrics
    from sessiontrack.worker import run_worker

    settings = get_settings()
    given = {name: value for name, value in {"host": host, "port": port}.items() if value is not None}
    settings = settings.model_copy(update={"api": settings.api.model_copy(update=given)})
    check_settings(settings.api)
    configure_logging(settings.log)
    require_known_format(settings.data_dir)
    run_worker(partial(work, settings), ApiMetrics(), settings)
