"""sessions, show, export: what there is, as a person reads it, and as it was."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import filters
from cli.output import SHORT_ID, console, counted, local_time, print_json, print_table
from queries.facts import NANO, generation_facts, session_facts

if TYPE_CHECKING:
    from queries.generations import Generation
    from schemas.records import Session

SessionArgument = Annotated[str, typer.Argument(metavar="SESSION", help="Session id, or its first characters.")]
# An archive that is well puts what it has after ten seconds at the latest.
ARCHIVE_SECONDS = 15.0


def sessions(
    agent: filters.Agent = None,
    channel: filters.Channel = None,
    sender: filters.Sender = None,
    role: filters.Role = None,
    model: filters.Model = None,
    tool: filters.Tool = None,
    project: filters.Project = None,
    since: filters.Since = None,
    until: filters.Until = None,
    limit: Annotated[int, typer.Option(min=1, help="Sessions on a page.")] = 20,
    after: Annotated[str | None, typer.Option(help="Cursor of the next page, as the page before printed it.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List sessions, the latest activity first."""
    from queries.filters import parse_filters
    from queries.sessions import list_sessions
    from sessiontrack.settings import get_settings

    wanted = parse_filters(
        agent=agent,
        channel=channel,
        sender=sender,
        role=role,
        model=model,
        tool=tool,
        project=project,
        since=since,
        until=until,
    )
    page = list_sessions(get_settings(), wanted, limit, after)
    if json:
        print_json({"sessions": [session_facts(row) for row in page.rows], "next": page.next})
        return
    if not page.rows:
        typer.echo("No sessions.")
        return
    print_table(
        ["session", "last activity", "agent", "channel", "messages", "tools", "cost", "state", "title or folder"],
        map(_session_cells, page.rows),
        right=["messages", "tools", "cost"],
    )
    if page.next:
        console(stderr=True).print(f"More: --after {page.next}", markup=False)


def show(
    session: SessionArgument,
    full: Annotated[bool, typer.Option("--full", help="Do not shorten long texts and tool output.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the session document.")] = False,
) -> None:
    """Show a session as a conversation.

    Its tree, times, and tool calls with their outcome; long texts are shortened.
    """
    from cli.conversation import render
    from queries.conversation import conversation
    from queries.documents import session_document
    from queries.sessions import resolve
    from sessiontrack.settings import get_settings

    settings = get_settings()
    session_id = resolve(settings, session)
    if json:
        print_json(session_document(settings, session_id))
        return
    out = console()
    for line in render(conversation(settings, session_id), full=full):
        out.print(line, soft_wrap=True)


def export(
    session: SessionArgument,
    generation: Annotated[
        str | None, typer.Option(help="Number of a generation, or the beginning of its head; the current one.")
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file.")] = None,
    generations: Annotated[bool, typer.Option("--generations", help="List the generations instead.")] = False,
    json: Annotated[bool, typer.Option("--json", help="With --generations: print JSON.")] = False,
) -> None:
    """Give back a transcript, byte for byte.

    Needs nothing but the archive. Every line is proven by the hash chain before it is written.
    """
    from queries.export import export as read
    from queries.export import generations as list_generations
    from queries.export import resolve_in_archive
    from queries.freshness import wait_for_archive
    from sessiontrack.errors import NotFoundError
    from sessiontrack.settings import get_settings

    settings = get_settings()
    try:
        session_id = resolve_in_archive(settings, session)
    except NotFoundError:
        wait_for_archive(settings, None, ARCHIVE_SECONDS)
        session_id = resolve_in_archive(settings, session)
    told = console(stderr=True)
    if left := wait_for_archive(settings, session_id, ARCHIVE_SECONDS):
        told.print(f"The archive is {counted(left, 'record')} behind the log: `sessiontrack status` shows why.")
    if generations:
        _print_generations(list_generations(settings, session_id), json)
        return
    pieces = read(settings, session_id, generation)
    if output is None:
        for piece in pieces:
            sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
        return
    # Written beside and renamed: a file of that name is whole or not there.
    draft = output.with_name(f".{output.name}.part")
    try:
        with draft.open("wb") as file:
            file.writelines(pieces)
            size = file.tell()
        draft.replace(output)
    finally:
        draft.unlink(missing_ok=True)
    told.print(f"{output}: {counted(size, 'byte')} of session {session_id}", markup=False)


def _session_cells(row: Session) -> tuple[Any, ...]:
    return (
        row["session_id"][:SHORT_ID],
        local_time(row["last_activity_at"]),
        row["agent_id"],
        row["channel"],
        row["message_count"],
        sum(tool["calls"] for tool in row["tool_invocations"]),
        f"${row['cost_nanousd'] / NANO:.2f}",
        row["closed_reason"] or "open",
        row["title"] or row["cwd"],
    )


def _print_generations(found: list[Generation], json: bool) -> None:
    rows = [generation_facts(each) for each in found]
    if json:
        print_json(rows)
        return
    print_table(
        ["generation", "head", "state", "lines", "bytes", "archived at", ""],
        [
            (
                row["number"],
                str(row["head"])[:12],
                row["state"],
                row["lines"],
                row["bytes"],
                row["archived_at"],
                "current" if row["current"] else "",
            )
            for row in rows
        ],
        right=["generation", "lines", "bytes"],
    )
