"""verify: prove that the stores hold what the log says."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from cli.exits import Exit
from cli.output import console, counted, print_json, print_table, safe

if TYPE_CHECKING:
    from collections.abc import Callable

    from operations.repair import Repaired
    from queries.verify import Report
    from sessiontrack.settings import Settings

# Enough to see what kind of damage it is; --json names all.
MOST_SHOWN = 20


def verify(
    session: Annotated[
        str | None, typer.Argument(help="Session id, or its first characters; all where left out.")
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Read the whole log and all stores again.")] = False,
    repair: Annotated[bool, typer.Option("--repair", help="Send again what a store lacks, then verify again.")] = False,
    prune: Annotated[bool, typer.Option("--prune", help="With --repair: delete what nothing asks for.")] = False,
    timeout: Annotated[float, typer.Option(help="Seconds to wait for a worker that makes no progress.")] = 60.0,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Prove that every store holds what the log says.

    Waits until the pipeline has passed the present end of the log, then compares: PostgreSQL sums up its rows, the
    manifests the archive; where a sum is not the expected one, or there is none, record by record. What was compared
    before is compared again only where it may have changed: the log tells what is new; PostgreSQL hashes its rows,
    OpenSearch tells what was written since, the object store what its objects are. So only this stays unseen until
    --full reads everything: a segment of the archive that is not what its worker stated of it, and bytes that changed
    on the disk of Kafka, of OpenSearch or of the object store, behind the server's back, where its own checksums are to
    find them. A SESSION is always compared in full.

    Exits with 5 where a store differs, and names what.
    """
    from queries.verify import verify as run
    from sessiontrack.errors import UsageError
    from sessiontrack.settings import get_settings

    if prune and not repair:
        raise UsageError("--prune is a part of a repair", hint="Say `sessiontrack verify --repair --prune`.")
    settings = get_settings()
    with console(stderr=True).status("waiting…") as shown:

        def told(doing: str, left: int) -> None:
            shown.update(f"{doing}, {counted(left, 'record')} left" if left else doing)

        session_id = _resolve(settings, session) if session else None
        report = run(settings, session_id, full=full, stall_s=timeout, progress=told)
        repaired = None
        if prune and not report.records:
            raise UsageError(
                "neither the log nor the archive holds an event: all that the stores hold would be deleted",
                hint="`sessiontrack status` shows whether these are the right servers; delete by hand what is to go.",
            )
        if repair and report.differences:
            repaired = _repair(settings, report, prune, shown.update)
            report = run(settings, session_id, stall_s=timeout, progress=told)
    if json:
        print_json({**asdict(report), "repaired": repaired and asdict(repaired), "equal": not report.differences})
    else:
        if repaired:
            _print_repaired(repaired)
        _print(report)
    if report.differences:
        raise typer.Exit(int(Exit.DIFFERENCES))


def _repair(settings: Settings, report: Report, prune: bool, told: Callable[[str], None]) -> Repaired:
    from operations.repair import repair

    return repair(settings, report.differences, prune=prune, progress=told)


def _resolve(settings: Settings, session: str) -> str:
    """The id of a session, from whichever store knows it; the log may know one that no store has yet."""
    from queries.export import resolve_in_archive
    from queries.sessions import resolve
    from sessiontrack.errors import NotFoundError, UnavailableError

    for find in (resolve, resolve_in_archive):
        try:
            return find(settings, session)
        except (NotFoundError, UnavailableError):
            continue
    return session


def _print_repaired(repaired: Repaired) -> None:
    typer.echo(f"Repaired: {counted(repaired.segments, 'segment')} of the archive written again")
    for store, records in repaired.sent.items():
        refused = f", {repaired.refused[store]:,} refused" if repaired.refused[store] else ""
        sent = counted(records, "record")
        typer.echo(f"Repaired: {sent} sent to {store}, {repaired.removed[store]:,} deleted there{refused}")


def _print(report: Report) -> None:
    print_table(
        ["store", "dataset", "expected", "stored", "read", "set aside", "discarded", "missing", "surplus", "altered"],
        [
            (
                check.store,
                check.dataset,
                check.expected,
                check.stored,
                check.read,
                check.dead_lettered,
                check.discarded or "",
                *(
                    sum(each.kind == kind for each in check.differences) or ""
                    for kind in ("missing", "surplus", "altered")
                ),
            )
            for check in report.checks
        ],
        right=["expected", "stored", "read", "set aside", "discarded", "missing", "surplus", "altered"],
    )
    for each in report.differences[:MOST_SHOWN]:
        of = f" of session {safe(each.session_id)}" if each.session_id else ""
        typer.secho(f"{each.kind} in {each.store} {each.dataset}: {safe(each.record_id)}{of}: {each.detail}", fg="red")
    if len(report.differences) > MOST_SHOWN:
        typer.secho(f"… and {len(report.differences) - MOST_SHOWN:,} more (--json names all)", fg="red")
    if report.stored_since:
        typer.echo(
            f"{report.stored_since:,} dead letters stand whose records were processed when they came again: "
            "`sessiontrack dead-letters redrive` settles them"
        )
    if report.in_motion:
        typer.echo(f"{counted(report.in_motion, 'difference')} left out, of sessions that went on meanwhile")
    verdict = (
        counted(len(report.differences), "difference") if report.differences else "Every store holds what the log says"
    )
    typer.secho(
        f"{verdict}: {counted(report.records, 'record')} ({report.read:,} new), {counted(report.sessions, 'session')}, "
        f"{counted(report.repeats, 'repeat')} dropped",
        fg="red" if report.differences else "green",
    )
