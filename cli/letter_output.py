"""How dead letters look: lines and tables for people, documents for programs."""

from __future__ import annotations

import json as jsonlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import typer

from cli.output import local_time, print_json, print_table, safe
from queries.facts import printable
from queries.times import iso

if TYPE_CHECKING:
    from operations.dead_letters.redrive import Outcome
    from queries.dead_letters.letter import Letter
    from queries.dead_letters.original import Original

# What became of redriven letters, in words.
_RESULTS = {"processed": "processed", "overtaken": "overtaken by a later record", "refused": "refused again"}


def print_letters(letters: Sequence[Letter], *, json: bool) -> None:
    """A table of letters."""
    if json:
        print_json([_document(letter) for letter in letters])
        return
    if not letters:
        typer.echo("No dead letters.")
        return
    print_table(
        ["group", "record", "stage", "error", "first seen", "last seen", "tries", "bytes", "reason"],
        map(_cells, letters),
        right=["tries", "bytes"],
    )


def print_chosen(letters: Sequence[Letter], what: str, *, json: bool) -> None:
    """Letters, one a line, and what becomes of them."""
    if json:
        print_json([_document(letter) for letter in letters])
        return
    for letter in letters:
        typer.echo(_name(letter))
    typer.echo(f"{len(letters):,} {what}")


def print_outcomes(outcomes: Sequence[Outcome], *, json: bool) -> None:
    """What became of redriven letters: those that stand by name, the others as counts."""
    if json:
        print_json([_outcome_document(outcome) for outcome in outcomes])
        return
    for outcome in outcomes:
        if refusal := outcome.refusal:
            typer.secho(f"{_name(outcome.letter)}: {safe(refusal.stage)}: {safe(refusal.reason)}", fg="red")
    counts = {word: sum(each.result == result for each in outcomes) for result, word in _RESULTS.items()}
    typer.echo(", ".join(f"{count:,} {word}" for word, count in counts.items() if count) or "nothing to redrive")


def print_original(found: Original, *, json: bool) -> None:
    """A letter with all that it holds."""
    facts = _document(found.letter)
    contents = {
        "key": printable(found.key),
        "headers": [{"name": name, "value": printable(value)} for name, value in found.headers],
        "record": printable(found.record),
        "undecodable": found.undecodable,
    }
    if json:
        print_json({**facts, **contents})
        return
    headers = {f"header {name}": printable(value) for name, value in found.headers}
    for name, value in {**facts, "key": contents["key"], **headers}.items():
        if value is not None:
            typer.echo(f"{safe(name.replace('_', ' ')):<22}  {safe(str(value))}")
    if found.undecodable:
        typer.echo(f"\nThe value does not decode: {found.undecodable}. --raw gives its bytes.")
    elif found.record is not None:
        typer.echo("\n" + safe(jsonlib.dumps(contents["record"], ensure_ascii=False, indent=2)))
    elif found.letter.discarded_at is not None:
        typer.echo("\nIt was given up, and its contents with it.")


def _name(letter: Letter) -> str:
    return safe(f"{letter.worker}  {letter.record_id}")


def _document(letter: Letter) -> dict[str, Any]:
    return {
        "group": letter.group,
        "record_id": letter.record_id,
        "topic": letter.topic,
        "partition": letter.partition,
        "offset": letter.offset,
        "stage": letter.stage,
        "error_class": letter.error_class,
        "reason": letter.reason,
        "first_failed_at": iso(letter.first_failed_at),
        "failed_at": iso(letter.failed_at),
        "tries": letter.tries,
        "bytes": letter.size,
        "discarded_at": iso(letter.discarded_at),
    }


def _cells(letter: Letter) -> tuple[Any, ...]:
    return (
        letter.worker,
        letter.record_id,
        letter.stage,
        letter.error_class,
        local_time(letter.first_failed_at),
        local_time(letter.failed_at),
        letter.tries,
        letter.size,
        letter.reason,
    )


def _outcome_document(outcome: Outcome) -> dict[str, Any]:
    return {
        "group": outcome.letter.group,
        "record_id": outcome.letter.record_id,
        "result": outcome.result,
        **(outcome.refusal._asdict() if outcome.refusal else {}),
    }
