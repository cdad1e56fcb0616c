"""dead-letters: what the consumer groups set aside, and what is done about it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.exits import Exit
from cli.letter_output import print_chosen, print_letters, print_original, print_outcomes
from cli.output import console, counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from operations.dead_letters.redrive import Outcome
    from queries.dead_letters.letter import Letter
    from sessiontrack.settings import Settings

app = typer.Typer(
    help="See what could not be processed and why; redrive it when the cause is mended, or give it up.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Ids = Annotated[
    list[str] | None, typer.Argument(metavar="ID", help="Record ids as `list` shows them, or their first characters.")
]
Group = Annotated[
    str | None,
    typer.Option(
        help="Only what this consumer group set aside: streams, postgres, opensearch, embed, opensearch-vectors, "
        "postgres-vectors or pinecone."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("list")
def list_letters(
    group: Group = None,
    stage: Annotated[str | None, typer.Option(help="Only what was refused at this stage.")] = None,
    error: Annotated[str | None, typer.Option(help="Only what was refused with this class of error.")] = None,
    since: Annotated[str | None, typer.Option(help="Only what was refused since: 7d, 24h, 2026-01-24.")] = None,
    discarded: Annotated[bool, typer.Option("--discarded", help="List what was given up instead.")] = False,
    json: Json = False,
) -> None:
    """List the dead letters that stand, the latest refusal first.

    A reason quotes nothing of the record.
    """
    from queries.dead_letters.letter import matching
    from queries.dead_letters.topic import read_standing
    from queries.times import parse_time
    from sessiontrack.settings import get_settings

    begin = parse_time(since) if since else None
    standing = read_standing(get_settings())
    letters = standing.discarded if discarded else standing.open
    print_letters(matching(letters, group=group, stage=stage, error=error, since=begin), json=json)


@app.command("show")
def show(
    name: Annotated[str, typer.Argument(metavar="ID", help="Record id as `list` shows it, or its first characters.")],
    group: Group = None,
    raw: Annotated[bool, typer.Option("--raw", help="Print the record's value as it was received.")] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="With --raw: write to this file.")] = None,
    json: Json = False,
) -> None:
    """Show a dead letter: why the record was refused, its headers, and its contents where they decode.

    The contents may be personal: they go to whoever asks, and nowhere else.
    """
    from queries.dead_letters.letter import matching, named
    from queries.dead_letters.original import read_original
    from queries.dead_letters.topic import read_standing
    from sessiontrack.errors import NotFoundError, UsageError
    from sessiontrack.settings import get_settings

    if output and not raw:
        raise UsageError("--output is for --raw", hint="`sessiontrack dead-letters show ID --raw -o FILE`")
    settings = get_settings()
    letters = read_standing(settings).letters.values()
    found = read_original(settings, named(matching(letters, group=group), name))
    if not raw:
        print_original(found, json=json)
    elif found.value is None:
        raise NotFoundError(
            f"the dead letter {found.letter.key} has no value", hint="Its record is a tombstone, or it was given up."
        )
    elif output:
        output.write_bytes(found.value)
        console(stderr=True).print(f"{output}: {counted(len(found.value), 'byte')}", markup=False)
    else:
        sys.stdout.buffer.write(found.value)
        sys.stdout.buffer.flush()


@app.command("redrive")
def redrive(
    names: Ids = None,
    group: Group = None,
    everything: Annotated[bool, typer.Option("--all", help="All that stand.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be redriven; change nothing.")] = False,
    timeout: Annotated[float, typer.Option(help="Seconds to wait for streams that make no progress.")] = 60.0,
    json: Json = False,
) -> None:
    """Give records once more to the group that refused them, and to no other.

    Name ids, or a --group, or --all. A record that is processed now is no dead letter any more; one that is refused
    again stands, with one try more, and the command exits with 5. Doing it twice changes nothing.
    """
    from operations.dead_letters.redrive import redrive as run
    from queries.dead_letters.topic import read_standing
    from sessiontrack.errors import SessionTrackError
    from sessiontrack.settings import get_settings

    settings = get_settings()
    standing = read_standing(settings)
    asked = _chosen(standing.open, names, group, everything=everything)
    chosen = _redrivable(settings, asked, strict=bool(names or group))
    if dry_run:
        print_chosen(chosen, "would be redriven", json=json)
        return
    outcomes: list[Outcome] = []
    with console(stderr=True).status("redriving…") as shown:

        def told(worker: str, left: int) -> None:
            shown.update(f"waiting for {worker}, {counted(left, 'record')} left")

        try:
            run(settings, standing, chosen, stall_s=timeout, told=outcomes.append, progress=told)
        except SessionTrackError:
            # A server went away in the midst of it: what was done before is done.
            if outcomes:
                print_outcomes(outcomes, json=json)
            raise
    print_outcomes(outcomes, json=json)
    if any(outcome.refusal for outcome in outcomes):
        raise typer.Exit(int(Exit.DIFFERENCES))


@app.command("discard")
def discard(
    names: Ids = None,
    group: Group = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    json: Json = False,
) -> None:
    """Give records up for good: their bytes leave the dead letters. The archive keeps what it has.

    Name ids, or a --group. That they were given up is kept, so that `verify` counts them as discarded, not as missing.
    A record that comes again and is refused again stands again.
    """
    from operations.dead_letters.discard import discard as run
    from queries.dead_letters.topic import read_standing
    from sessiontrack.settings import get_settings

    settings = get_settings()
    standing = read_standing(settings)
    chosen = _chosen(standing.open, names, group, everything=False)
    if chosen and not yes:
        _ask(chosen)
    run(settings, standing, chosen)
    print_chosen(chosen, "given up; `verify` counts them as discarded from now on", json=json)


def _chosen(
    letters: Sequence[Letter], names: Sequence[str] | None, group: str | None, *, everything: bool
) -> list[Letter]:
    from queries.dead_letters.letter import matching, named
    from sessiontrack.errors import UsageError

    if not (names or group or everything):
        raise UsageError("which dead letters?", hint="Name ids or a --group: `sessiontrack dead-letters list`.")
    of_group = matching(letters, group=group)
    if not names:
        return of_group
    chosen = {letter.key: letter for letter in (named(of_group, name) for name in names)}
    return list(chosen.values())


def _redrivable(settings: Settings, letters: Sequence[Letter], *, strict: bool) -> list[Letter]:
    """The letters of the groups that can be redriven to; others are an error where they were asked for."""
    from operations.dead_letters.redrive import check_redrivable, redrivable_groups

    if strict:
        check_redrivable(settings, letters)
    groups = redrivable_groups(settings)
    others = sorted({letter.group for letter in letters} - groups)
    if others:
        console(stderr=True).print(f"left alone, of groups that are not ours: {', '.join(others)}", markup=False)
    return [letter for letter in letters if letter.group in groups]


def _ask(letters: Sequence[Letter]) -> None:
    from sessiontrack.errors import UsageError

    if not sys.stdin.isatty():
        raise UsageError(f"nobody is there to confirm that {counted(len(letters), 'record')} may go", hint="Add --yes.")
    typer.confirm(f"Give up {counted(len(letters), 'record')} for good?", abort=True, err=True)
