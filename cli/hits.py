"""What was found, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import typer
from rich.text import Text

from cli.output import SHORT_ID, console, local_time, print_json, role_name, safe
from queries.fulltext.index import Turn
from queries.hits import Hit
from queries.search import SearchPage
from queries.session_search import Passage, SessionHit, SessionsFound
from queries.snippets import MARK_BEGIN, MARK_END
from queries.times import parse_time


def tell(found: SearchPage | SessionsFound) -> None:
    """Tells, beside the answer, what was not as it should be, and what is not what it seems."""
    by_meaning = ("no message has these words: what follows was found by its meaning alone",)
    for note in (*found.notes, *(by_meaning if found.by_meaning_alone else ())):
        typer.echo(f"Note: {safe(note)}", err=True)


def print_hit(hit: Hit) -> None:
    """A message that was found."""
    out = console()
    who = hit.sender or role_name(hit.role)
    facts = [local_time(parse_time(hit.timestamp)), who, hit.channel, hit.agent, hit.model]
    title = Text(hit.session_id[:SHORT_ID], style="bold cyan").append(f" {safe(hit.entry_id)}  ", style="cyan")
    out.print(title.append(safe(" · ".join(fact for fact in facts if fact)), style="dim"))
    out.print(_snippet(hit))
    if hit.duplicates:
        out.print(f"  {hit.duplicates} more say nearly the same", style="dim")
    if hit.explanation is not None:
        out.print(f"  {explained(hit.score, hit.explanation)}", style="dim")
    out.print()


def print_sessions(found: SessionsFound, *, json: bool) -> None:
    """Sessions that were found."""
    tell(found)
    if json:
        print_json([session.as_dict() for session in found.sessions])
    elif not found.sessions:
        typer.echo("Nothing was found.")
    else:
        for session in found.sessions:
            _print_session(session)


def explained(score: float, explanation: Mapping[str, Any]) -> str:
    """Why a hit has its place, on one line."""
    rankings = [
        f"{name} #{at['rank']} ({at['score']:.3f})" for name, at in explanation.items() if isinstance(at, Mapping)
    ]
    after = f", turn after + {explanation['turn_after']:.3f}" if explanation["turn_after"] else ""
    return f"score {score:.3f}: {', '.join(rankings)}, recency × {explanation['recency']:.3f}{after}"


def _print_session(session: SessionHit) -> None:
    out = console()
    at = local_time(parse_time(session.last_activity_at)) if session.last_activity_at else ""
    facts = [at, session.channel, session.agent, session.project]
    heading = Text(session.session_id[:SHORT_ID], style="bold cyan").append(f"  {safe(session.title or '')}  ", "bold")
    out.print(heading.append(safe(" · ".join(fact for fact in facts if fact)), style="dim"))
    if session.explanation is not None:
        out.print(f"  {explained(session.score, session.explanation)}", style="dim")
    shown = {passage.hit.entry_id for passage in session.passages}
    for passage in session.passages:
        _print_passage(passage, shown)
    out.print()


def _print_passage(passage: Passage, shown: set[str]) -> None:
    """Prints a passage, and of what was said around it what says something and was not `shown`; that is from now on."""
    out, hit = console(), passage.hit
    out.print(f"  {local_time(parse_time(hit.timestamp))}", style="dim")
    _print_turns(passage.before, shown)
    out.print(Text(f"  {safe(hit.sender or role_name(hit.role))}: ").append(_snippet(hit, indent="")))
    _print_turns(passage.after, shown)
    out.print()


def _print_turns(turns: Iterable[Turn], shown: set[str]) -> None:
    for turn in turns:
        if turn.text and turn.entry_id not in shown:
            shown.add(turn.entry_id)
            console().print(Text(safe(f"  {turn.sender or role_name(turn.role)}: {turn.text}"), style="dim"))


def _snippet(hit: Hit, indent: str = "  ") -> Text:
    snippet = Text(indent)
    for marked in safe(hit.snippet).split(MARK_BEGIN):
        found, _, rest = marked.rpartition(MARK_END)
        snippet.append(found, style="bold yellow").append(rest)
    return snippet
