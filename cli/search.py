"""search: find what was said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cli import filters
from cli.output import SHORT_ID, console, local_time, print_json, safe

if TYPE_CHECKING:
    from queries.search import Hit

# What was found stands between these: no text has them, and `safe` lets them pass.
BEGIN, END = "\ue000", "\ue001"


def search(
    query: Annotated[str, typer.Argument(help='Words; "a phrase" in quotes, -word to leave out.')],
    agent: filters.Agent = None,
    channel: filters.Channel = None,
    sender: filters.Sender = None,
    role: filters.Role = None,
    model: filters.Model = None,
    tool: filters.Tool = None,
    project: filters.Project = None,
    since: filters.Since = None,
    until: filters.Until = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Most hits.")] = 10,
    json: Annotated[bool, typer.Option("--json", help="Print JSON, the best hit first.")] = False,
) -> None:
    """Find messages by their words.

    A path, an identifier, a URL or an error code is found whole and by part.
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
    hits = run(get_settings(), query, wanted, limit, markers=markers)
    if json:
        print_json([hit.as_dict() for hit in hits])
        return
    if not hits:
        typer.echo("Nothing was found.")
    for hit in hits:
        _print(hit)


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
    out.print()
