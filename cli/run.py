"""run: one worker, in the foreground."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from cli.exits import Exit

if TYPE_CHECKING:
    from sessiontrack.settings import Settings


class Worker(StrEnum):
    """The workers of the pipeline."""

    CAPTURE = "capture"
    STREAMS = "streams"
    ARCHIVE = "archive"
    POSTGRES = "postgres"
    OPENSEARCH = "opensearch"
    EMBED = "embed"
    OPENSEARCH_VECTORS = "opensearch-vectors"
    POSTGRES_VECTORS = "postgres-vectors"
    PINECONE = "pinecone"


_EXTRAS = {Worker.STREAMS: "streams", Worker.EMBED: "streams,embeddings", Worker.PINECONE: "sinks,pinecone"}


def run(
    name: Annotated[Worker, typer.Argument(metavar="NAME", help=", ".join(Worker))],
    health_host: Annotated[
        str | None, typer.Option(help="Address that serves metrics and health; setting telemetry.host.")
    ] = None,
    health_port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Its port, 0 for any free one; setting telemetry.port.")
    ] = None,
) -> None:
    """Run one worker in the foreground, as a container or a service manager does.

    It waits for servers that are away. SIGTERM lets it finish and commit what it has in hand, within 15 seconds, and it
    exits with 0; a second signal ends it at once. Serves /metrics, /health/live and /health/ready.
    """
    import structlog

    from cli.output import exit_code
    from sessiontrack.data_folder import require_known_format
    from sessiontrack.errors import SessionTrackError
    from sessiontrack.extras import install_hint
    from sessiontrack.logs import configure_logging
    from sessiontrack.settings import get_settings

    settings = get_settings()
    configure_logging(settings.log)
    given = {"host": health_host, "port": health_port}
    telemetry = settings.telemetry.model_copy(update={key: value for key, value in given.items() if value is not None})
    settings = settings.model_copy(update={"telemetry": telemetry})
    try:
        require_known_format(settings.data_dir)
        _run(name, settings)
    except ModuleNotFoundError as error:
        extra = _EXTRAS.get(name, "sinks")
        structlog.get_logger().error("worker_failed", worker=name.value, reason=str(error), hint=install_hint(extra))
        raise typer.Exit(int(Exit.USAGE)) from error
    except SessionTrackError as error:
        structlog.get_logger().error("worker_failed", worker=name.value, reason=str(error), hint=error.hint)
        raise typer.Exit(int(exit_code(error))) from error
    except Exception as error:  # it ends before anything that it does not understand is committed
        structlog.get_logger().exception("worker_failed", worker=name.value)
        raise typer.Exit(int(Exit.FAILED)) from error


def _run(name: Worker, settings: Settings) -> None:
    """Runs a worker; imports the libraries of no other."""
    from functools import partial

    from sessiontrack.telemetry.metrics import CaptureMetrics, WorkerMetrics
    from sessiontrack.worker import run_worker

    match name:
        case Worker.CAPTURE:
            from producers.clawdbot.worker import run_capture

            run_worker(partial(run_capture, settings), CaptureMetrics(), settings)
        case Worker.STREAMS:
            from streams.worker import run_streams

            run_worker(partial(run_streams, settings), WorkerMetrics(name), settings)
        case Worker.EMBED:
            from streams.embed.worker import run_embed

            run_worker(partial(run_embed, settings), WorkerMetrics(name), settings)
        case _:
            from consumers.worker import run_sink

            run_worker(partial(run_sink, name, settings), WorkerMetrics(name), settings)
