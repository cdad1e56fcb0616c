"""rebuild: make a store anew from the events."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.output import console, counted, print_json

if TYPE_CHECKING:
    from operations.rebuild.progress import Progress, Report
    from operations.rebuild.source import Origin
    from operations.rebuild.summary import Summary
    from sessiontrack.settings import Settings

# Where no terminal shows a bar: often enough to see that it moves.
LINE_SECONDS = 10.0


class What(StrEnum):
    """What can be rebuilt."""

    POSTGRES = "postgres"
    OPENSEARCH = "opensearch"
    STREAMS = "streams"
    EMBEDDINGS = "embeddings"


class From(StrEnum):
    """Where events are read from."""

    LOG = "log"
    ARCHIVE = "archive"


ORIGINS: dict[From, Origin] = {From.LOG: "log", From.ARCHIVE: "archive"}


def rebuild(
    what: Annotated[What, typer.Argument(metavar="WHAT", help=", ".join(What))],
    from_: Annotated[
        From | None,
        typer.Option("--from", help="Read the log alone, or the archive first; by default what has all events."),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            help="Only write again, into the store in use, the sessions of which something was captured from then on:"
            " 2026-03-01, 2026-03-01T12:00Z, or 7d, 24h, 30m ago."
        ),
    ] = None,
    again: Annotated[
        bool,
        typer.Option("--again", help="Of embeddings: embed all messages again, where a store has lost their vectors."),
    ] = False,
    keep_old: Annotated[bool, typer.Option(help="Leave the old store beside the new one.")] = False,
    accept_gaps: Annotated[bool, typer.Option(help="Go on where neither archive nor log has some events.")] = False,
    abandon: Annotated[bool, typer.Option(help="Give a rebuild up that was begun, and remove what it filled.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Make a store anew from all events.

    postgres, opensearch: a new store is filled beside the one that is in use, and takes its place in one step, all live
    events included; until then searches and workers use the old one. streams: the stages begin again at the first
    event, be it in the archive alone. Stopped or killed, it goes on when it is started again. embeddings: the vectors
    of the model in the settings serve searches, when all of them are there.
    """
    from operations.rebuild.repair import repair_store
    from operations.rebuild.store import abandon_store, rebuild_store
    from operations.rebuild.streams import rebuild_streams
    from queries.times import parse_time
    from sessiontrack.errors import UsageError
    from sessiontrack.settings import get_settings

    settings = get_settings()
    if what is What.EMBEDDINGS:
        if abandon or since or from_:
            raise UsageError(
                "the vectors of a model are there as a whole", hint="Leave out --from, --since, --abandon."
            )
        _rebuild_embeddings(settings, again=again, keep_old=keep_old, accept_gaps=accept_gaps, json=json)
        return
    if again:
        raise UsageError(f"nothing of {what} is embedded", hint="Leave out --again.")
    if what is What.STREAMS and (abandon or keep_old or since):
        raise UsageError("the streams begin again as a whole", hint="Leave out --abandon, --keep-old and --since.")
    # As Ctrl+C: what it holds it lets go of.
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    if abandon:
        was_there = abandon_store(settings, what)
        typer.echo(f"the rebuild of {what} is given up" if was_there else f"no rebuild of {what} has begun")
        return
    origin = ORIGINS[from_] if from_ else None
    with _shown(quiet=json) as report:
        if since is not None:
            summary = repair_store(
                settings, what, parse_time(since), origin=origin, accept_gaps=accept_gaps, report=report
            )
        elif what is What.STREAMS:
            summary = rebuild_streams(settings, origin=origin, accept_gaps=accept_gaps, report=report)
        else:
            summary = rebuild_store(
                settings, what, origin=origin, keep_old=keep_old, accept_gaps=accept_gaps, report=report
            )
    if json:
        print_json(_row(summary))
    else:
        _print(summary)


def _rebuild_embeddings(settings: Settings, *, again: bool, keep_old: bool, accept_gaps: bool, json: bool) -> None:
    from operations.rebuild.embeddings import rebuild_embeddings

    out = console(stderr=True)

    def waiting(worker: str, lag: int) -> None:
        out.print(f"waiting for {worker}: {counted(lag, 'record')} to go")

    moved = rebuild_embeddings(settings, again=again, keep_old=keep_old, accept_gaps=accept_gaps, progress=waiting)
    if json:
        print_json(asdict(moved))
        return
    before = f", in the place of {moved.previous}" if moved.previous else ""
    typer.secho(f"{moved.space} serves searches{before}", fg="green")
    for store, count in moved.messages.items():
        typer.echo(f"  {counted(count, 'message')} in {store}")


@contextmanager
def _shown(*, quiet: bool) -> Iterator[Report]:
    """Shows the progress on standard error: a bar on a terminal, else a line now and then."""
    out = console(stderr=True)
    if quiet:
        yield lambda progress: None
    elif out.is_terminal:
        with _bar(out) as report:
            yield report
    else:
        told_at = -LINE_SECONDS

        def tell(progress: Progress) -> None:
            nonlocal told_at
            if progress.seconds - told_at >= LINE_SECONDS:
                told_at = progress.seconds
                out.print(_line(progress))

        yield tell


@contextmanager
def _bar(out: Any) -> Iterator[Report]:
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bars

    with Bars(TextColumn("{task.fields[line]}"), BarColumn(), console=out, transient=True) as bars:
        task = bars.add_task("", line="")

        def show(progress: Progress) -> None:
            done, total = progress.read_by_run, progress.read_by_run + progress.left
            bars.update(task, completed=done, total=total, line=_line(progress))

        yield show


def _line(progress: Progress) -> str:
    left = "" if progress.seconds_left is None else f", {_duration(progress.seconds_left)} left"
    return (
        f"{progress.doing}: {counted(progress.read, 'event')} read, {progress.left:,} to go, "
        f"{progress.rate:,.0f} events/s{left}"
    )


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _row(summary: Summary) -> dict[str, Any]:
    return {**asdict(summary), "rate": round(summary.progress.rate, 1)}


def _print(summary: Summary) -> None:
    progress = summary.progress
    if summary.origin is None:
        typer.secho(f"{summary.name} had been swapped already; what was left over is cleared", fg="green")
        return
    typer.secho(
        f"{summary.name} is made anew from the {summary.origin}: {counted(progress.read, 'event')},"
        f" {counted(progress.written, 'record')} written, {progress.rate:,.0f} events/s",
        fg="green",
    )
    for topic, count in summary.records.items():
        typer.echo(f"  {counted(count, 'record')} of {topic}")
    if summary.refused:
        typer.echo(f"  {counted(summary.refused, 'record')} set aside, as before")
