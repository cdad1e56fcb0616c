"""search: find what was said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from cli import filters
from cli.output import SHORT_ID, console, local_time, print_json, safe

if TYPE_CHECKING:
    from queries.hits import Hit

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
    from queries.filters import parse_filters
    from queries.search import search as run
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
    found = run(get_settings(), query, wanted, limit, mode=mode, after=cursor, explain=explain, markers=markers)
    for note in found.notes:
        typer.echo(f"Note: {note}", err=True)
    if json:
        print_json([hit.as_dict() for hit in found.hits])
    elif not found.hits:
        typer.echo("Nothing was found.")
    else:
        for hit in found.hits:
            _print(hit)
    if found.next:
        typer.echo(f"More: --cursor {found.next}", err=True)


def _print(hit: Hit) -> None:
    from rich.text import Text

    from queries.times import parse_time

    out = console()
    facts = [local_time(parse_time(hit.timestamp)), hit.sender or hit.role, hit.channel, hit.agent, hit.model]
    title = Text(hit.session_id[:SHORT_ID], style="bold cyan").append(f" {safe(hit.entry_id)}  ", style="cyan")
    out.print(title.append(safe(" · ".join(fact for fact in facts if fact)), style="dim"))
    snippet = Text("  ")
    for marked in safe(hit.snippet).split(BEGIN):
        found, _, rest = marked.rpartition(END)
        snippet.append(found, style="bold yellow").append(rest)
    out.print(snippet)
    if hit.duplicates:
        out.print(f"  {hit.duplicates} more say nearly the same", style="dim")
    if hit.explanation is not None:
        out.print(f"  {explained(hit.score, hit.explanation)}", style="dim")
    out.print()


def explained(score: float, explanation: dict[str, Any]) -> str:
    """Why a hit has its place, on one line."""
    places = [
        f"{name} #{place['rank']} ({place['score']:.3f})" for name, place in explanation.items() if name != "recency"
    ]
    return f"score {score:.3f}: {', '.join(places)}, recency × {explanation['recency']:.3f}"
