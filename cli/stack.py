"""up, down, status: the native stack and the pipeline's workers."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.exits import Exit
from cli.output import console, local_time, print_json, print_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.workers import WorkerStatus
    from queries.lag import GroupPosition, Watermark
    from sessiontrack.settings import Settings

# Long enough for a worker to commit once or twice: they do so after each batch, the streams every second.
RATE_SECONDS = 1.5


def up() -> None:
    """Start the stack and the workers.

    What runs already is left alone. The first start fetches and builds the servers, which takes minutes; later ones
    take seconds.
    """
    from rich.markup import escape

    from infra.init import initialise
    from infra.prometheus.config import write_native_config
    from infra.stack.prerequisites import check_prerequisites
    from infra.stack.stack import NativeStack
    from infra.workers import start_workers
    from sessiontrack.extras import install_hint
    from sessiontrack.providers.spaces import missing_extra
    from sessiontrack.settings import get_settings

    settings = get_settings()
    check_prerequisites(settings)
    out = console(stderr=True)
    begun = time.monotonic()

    def told(part: str, message: str) -> None:
        out.print(f"[dim]{time.monotonic() - begun:6.1f} s[/dim]  [bold]{part}[/bold]  {message}")

    NativeStack(settings).up(told)
    get_settings.cache_clear()
    settings = get_settings()
    initialise(settings, lambda step: told("init", step))
    write_native_config(settings.data_dir)
    for name in start_workers(settings):
        told(name, "worker started")
    if settings.embedding.enabled and (extra := missing_extra(settings.embedding)):
        told("embed", escape(f"not started, text alone is searched: {install_hint(extra)}"))
    told("sessiontrack", "ready; next: `sessiontrack capture`")


def down() -> None:
    """Stop the workers and the stack; all data is kept."""
    from infra.stack.stack import NativeStack
    from infra.workers import stop_workers
    from sessiontrack.settings import get_settings

    settings = get_settings()
    out = console(stderr=True)
    for name in stop_workers(settings):
        out.print(f"[bold]{name}[/bold]  worker stopped")
    NativeStack(settings).down(lambda part, message: out.print(f"[bold]{part}[/bold]  {message}"))


def status(json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Show how each server and worker is.

    State, address, version and memory of the servers; lag, rate, dead letters, memory and health of the workers, the
    rate measured over a second or two, and up to what time everything is processed; the disk where it is nearly full.
    Exits with 4 then, and where a part is not running.
    """
    import asyncio

    from infra.stack.stack import NativeStack
    from infra.workers import worker_states
    from sessiontrack.disk import disk_space
    from sessiontrack.settings import get_settings

    settings = get_settings()
    servers = NativeStack(settings).status()
    workers = worker_states(settings)
    kafka_runs = any(server.name == "kafka" and server.state == "running" for server in servers)
    positions, letters, marks = asyncio.run(_progress(settings)) if kafka_runs else ({}, None, {})
    rows = [_worker_row(worker, positions.get(worker.name), letters, marks.get(worker.name)) for worker in workers]
    disk = disk_space(settings.data_dir, settings.disk_reserve_bytes)
    if json:
        free = {"free_bytes": disk.free, "reserve_bytes": disk.reserve, "low": disk.is_low}
        print_json({"servers": [_server_row(server) for server in servers], "workers": rows, "disk": free})
    else:
        _print_status([_server_row(server) for server in servers], rows)
        if disk.is_low:
            typer.echo(f"The disk is nearly full, {disk}: capture waits, and servers may stop to write.")
    if disk.is_low or {part.state for part in servers} | {worker.state for worker in workers} != {"running"}:
        raise typer.Exit(int(Exit.UNAVAILABLE))


async def _progress(
    settings: Settings,
) -> tuple[dict[str, tuple[GroupPosition, float]], Mapping[str, int] | None, dict[str, Watermark]]:
    """Each worker's position and rate, how many dead letters of its group stand, and up to what time it is done."""
    import asyncio

    from queries.dead_letters.topic import count_standing
    from queries.lag import group_positions, watermarks

    before = {position.worker: position for position in await group_positions(settings)}
    begun = time.monotonic()
    # Letters are few; who has many is not kept waiting until they are counted.
    _, letters = await asyncio.gather(asyncio.sleep(RATE_SECONDS), count_standing(settings, RATE_SECONDS))
    after = await group_positions(settings)
    seconds = time.monotonic() - begun
    rates = {each.worker: (each, (each.committed - before[each.worker].committed) / seconds) for each in after}
    return rates, letters, {each.worker: each for each in await watermarks(settings)}


def _server_row(server: Any) -> dict[str, Any]:
    return {
        "name": server.name,
        "state": server.state,
        "address": server.address,
        "version": server.version,
        "pid": server.pid,
        "resident_bytes": server.rss_bytes,
        "detail": server.detail,
    }


def _worker_row(
    worker: WorkerStatus,
    position: tuple[GroupPosition, float] | None,
    letters: Mapping[str, int] | None,
    watermark: Watermark | None,
) -> dict[str, Any]:
    return {
        "name": worker.name,
        "state": worker.state,
        "pid": worker.pid,
        "health": worker.health,
        "oldest_unprocessed_s": worker.probe.oldest_unprocessed_s if worker.probe else None,
        "telemetry": worker.telemetry,
        "resident_bytes": worker.resident_bytes,
        "peak_bytes": worker.probe.peak_bytes if worker.probe else None,
        "lag": position[0].lag if position else None,
        "records_per_second": round(position[1], 1) if position else None,
        "dead_letters": None if letters is None else letters.get(worker.name, 0),
        "watermark": watermark.earliest if watermark else None,
        "watermarks": watermark.topics if watermark else {},
    }


def _print_status(servers: list[dict[str, Any]], workers: list[dict[str, Any]]) -> None:
    print_table(
        ["server", "state", "address", "version", "memory", "detail"],
        [(r["name"], r["state"], r["address"], r["version"], _mib(r["resident_bytes"]), r["detail"]) for r in servers],
        right=["memory"],
    )
    print_table(
        ["worker", "state", "lag", "watermark", "records/s", "dead letters", "memory", "peak", "telemetry", "health"],
        [
            (
                r["name"],
                r["state"],
                r["lag"],
                local_time(r["watermark"]),
                r["records_per_second"],
                r["dead_letters"],
                _mib(r["resident_bytes"]),
                _mib(r["peak_bytes"]),
                r["telemetry"],
                r["health"],
            )
            for r in workers
        ],
        right=["lag", "records/s", "dead letters", "memory", "peak"],
    )


def _mib(size: int | None) -> str:
    return f"{size / 2**20:.0f} MiB" if size else ""
