"""search: find what was said."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from cli import filters
from cli.output import print_json

Mode = Literal["text", "semantic", "hybrid"]
# What was found stands between these: no text has them, and `safe` lets them pass.
BEGIN, END = "\ue000", "\ue001"


def search(
    query: Annotated[
        str, typer.Argument(help='Words; "a phrase" in quotes, -word to leave out, from:ada to filter (see below).')
    ],
    agent: filters.Agent = None,
    channel: filters.Channel = None,
    sender: filters.Sender = None,
    role: filters.Role = None,
    model: filters.Model = None,
    tool: filters.Tool = None,
    project: filters.Project = None,
    since: filters.Since = None,
    until: filters.Until = None,
    mode: Annotated[
        Mode | None,
        typer.Option(help="By words, by meaning, or by both, which is the default where there are vectors."),
    ] = None,
    by: Annotated[
        Literal["session"] | None, typer.Option(help="session: find sessions, each with the passages that fit best.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Most hits.")] = 10,
    cursor: Annotated[str | None, typer.Option(help="Go on after the page that named this cursor.")] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Tell why each hit has its place.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON, the best hit first.")] = False,
) -> None:
    """Find messages by their words and by what they mean.

    A path, an identifier, a URL or an error code is found whole and by part.

    In the query itself, from: tool: channel: agent: model: role: project: session: filter as the options do, before:
    since: after: until: by time (2026, 2026-03, 2026-03-01, 7d), is:error finds errors, has:tool what calls tools:
    from:ada tool:exec before:2026-03 "disk full" -docker
    """
    from cli.hits import print_hit, print_sessions, tell
    from queries.filters import parse_filters
    from queries.search import search as run
    from queries.session_search import search_sessions
    from sessiontrack.errors import UsageError
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
    markers = ("<em>", "</em>") if json else (BEGIN, END)
    if by is not None:
        if cursor is not None:
            raise UsageError("sessions have no further pages", hint="Give a larger --limit, up to 50.")
        sessions = search_sessions(get_settings(), query, wanted, limit, mode=mode, explain=explain, markers=markers)
        print_sessions(sessions, json=json)
        return
    found = run(get_settings(), query, wanted, limit, mode=mode, after=cursor, explain=explain, markers=markers)
    tell(found)
    if json:
        print_json([hit.as_dict() for hit in found.hits])
    elif not found.hits:
        typer.echo("Nothing was found.")
    else:
        for hit in found.hits:
            print_hit(hit)
    if found.next:
        typer.echo(f"More: --cursor {found.next}", err=True)
