"""tail: decoded records as they come."""

from __future__ import annotations

import json as jsonlib
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.output import safe
from queries.facts import printable
from queries.times import iso

if TYPE_CHECKING:
    from queries.tail import TailedRecord

# A record on one line of a terminal: enough to recognise it.
SUMMARY_CHARACTERS = 160


def tail(
    topic: Annotated[
        str | None, typer.Argument(help="A topic, such as events or messages; all where left out.")
    ] = None,
    from_start: Annotated[bool, typer.Option("--from-start", help="Begin with the oldest records.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Stop after so many records.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """Print the records of topics as they come."""
    import asyncio

    from queries.tail import topic_named
    from schemas.topics import TOPICS

    topics = [topic_named(topic)] if topic else list(TOPICS)
    try:
        asyncio.run(_print(topics, from_start, limit, json))
    except KeyboardInterrupt:
        return


async def _print(topics: list[Any], from_start: bool, limit: int | None, json: bool) -> None:
    from queries.tail import tail as records
    from sessiontrack.settings import get_settings

    printed = 0
    async for each in records(get_settings(), topics, from_start=from_start):
        if json:
            sys.stdout.write(jsonlib.dumps(_document(each), ensure_ascii=True) + "\n")
            sys.stdout.flush()
        else:
            dataset = each.topic.split(".")[1]
            typer.echo(f"{iso(each.timestamp)} {dataset} {each.partition}/{each.offset} {_summary(each)}")
        printed += 1
        if limit and printed >= limit:
            return


def _document(each: TailedRecord) -> dict[str, Any]:
    return {
        "topic": each.topic,
        "partition": each.partition,
        "offset": each.offset,
        "timestamp": iso(each.timestamp),
        "key": each.key,
        "record": printable(each.record),
        "error": each.error,
    }


def _summary(each: TailedRecord) -> str:
    if each.record is None:
        return each.error or f"{each.key} deleted"
    record = each.record
    words = [record.get(name) for name in ("kind", "session_id", "role", "name", "outcome", "text", "title", "reason")]
    return safe(" ".join(str(word) for word in words if word)).replace("\n", " ")[:SUMMARY_CHARACTERS]
