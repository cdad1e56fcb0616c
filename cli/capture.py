"""capture: read transcripts, then follow them."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.output import console, counted, print_json

if TYPE_CHECKING:
    from asyncio import Event
    from collections.abc import Awaitable, Callable

    from producers.clawdbot.capture import CaptureProgress, CaptureSummary
    from sessiontrack.settings import Settings
    from sessiontrack.telemetry.health import Health
    from sessiontrack.telemetry.metrics import CaptureMetrics

ROOT = typer.Option("--root", help="State folder such as ~/.clawdbot; found by itself where left out. May be repeated.")
BROKER = typer.Option("--broker", metavar="HOST:PORT", help="Kafka, where it is not this machine's stack.")
REGISTRY = typer.Option(
    "--registry", metavar="URL", help="Schema registry; with --broker alone the one beside that broker, at port 8081."
)


def capture(
    root: Annotated[list[Path] | None, ROOT] = None,
    broker: Annotated[str | None, BROKER] = None,
    registry: Annotated[str | None, REGISTRY] = None,
    once: Annotated[
        bool, typer.Option("--once", help="Read what is there, wait until all is acknowledged, return.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Read this machine's sessions, then follow them.

    Reads the transcripts of Clawdbot, Moltbot and OpenClaw, publishes every line, and remembers how far the broker has
    acknowledged them. While it follows it serves /metrics and /health, where the settings of `telemetry` say.
    """
    import asyncio
    from functools import partial

    from producers.clawdbot.capture import capture as run
    from sessiontrack.logs import configure_logging
    from sessiontrack.settings import get_settings, with_servers

    settings = with_servers(get_settings(), broker, registry)
    configure_logging(settings.log)
    with console(stderr=True).status("reading…") as shown:
        work = partial(
            run, settings, list(root or []), once=once, on_progress=lambda progress: shown.update(_line(progress))
        )
        summary = asyncio.run(work()) if once else _followed(work, settings)
    if json:
        print_json(asdict(summary))
    else:
        _print(summary)


def _followed(work: Callable[..., Awaitable[CaptureSummary]], settings: Settings) -> CaptureSummary:
    """What a capture did until it was stopped; meanwhile it serves its metrics, as every worker does."""
    from sessiontrack.telemetry.metrics import CaptureMetrics
    from sessiontrack.worker import run_worker

    done: list[CaptureSummary] = []

    async def follow(stop: Event, *, metrics: CaptureMetrics, health: Health) -> None:
        done.append(await work(stop=stop, metrics=metrics, health=health))

    run_worker(follow, CaptureMetrics(), settings)
    return done[0]


def _line(progress: CaptureProgress) -> str:
    files = counted(progress.files_total, "file")
    doing = "following" if progress.following else f"reading {progress.files_done:,} of {files}"
    return f"{doing}, {counted(progress.events, 'event')}, {_mib(progress.bytes)} sent"


def _print(summary: CaptureSummary) -> None:
    rate = summary.events / summary.seconds if summary.seconds else 0
    typer.echo(
        f"{counted(summary.sessions, 'session')} in {counted(summary.files, 'transcript')}: "
        f"{counted(summary.lines, 'line')}, {_mib(summary.bytes)}, as {counted(summary.events, 'event')}, "
        f"in {summary.seconds:.1f} s ({rate:,.0f} events/s)"
    )
    if summary.unparsed:
        typer.echo(f"{counted(summary.unparsed, 'line')} kept unparsed: no JSON object")
    for reason, count in sorted(summary.skipped.items()):
        typer.echo(f"{counted(count, 'file')} passed over: {reason}")


def _mib(size: int) -> str:
    return f"{size / 2**20:.1f} MiB"
