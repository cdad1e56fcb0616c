"""search: find what was said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cli import filters
from cli.output import console, local_time, print_json, safe

if TYPE_CHECKING:
    from queries.search import Hit


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
    from queries.search import SearchFilters, as_document
    from queries.search import search as run
    from sessiontrack.settings import get_settings

    wanted = SearchFilters(
        agent=agent,
        channel=channel,
        sender=sender,
        role=role,
        model=model,
        tool=tool,
        project=project,
        **filters.times(since, until),
    )
    hits = run(get_settings(), query, wanted, limit)
    if json:
        print_json([as_document(hit) for hit in hits])
        return
    if not hits:
        typer.echo("Nothing was found.")
    for hit in hits:
        _print(hit)


def _print(hit: Hit) -> None:
    from rich.text import Text

    out = console()
    facts = [local_time(hit.timestamp), hit.sender or hit.role, hit.channel, hit.agent, hit.model]
    title = Text(hit.session_id[:8], style="bold cyan").append(f" {hit.entry_id}  ", style="cyan")
    out.print(title.append(safe(" · ".join(fact for fact in facts if fact)), style="dim"))
    for line in safe(hit.snippet).splitlines():
        out.print(Text("  ").append(line))
    out.print()
