"""What sessions are called in answers: by their title, else by how they begin."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol, TypeVar

from api.services import Services
from queries.openings import Openings
from queries.sessions import titles_of


class Named(Protocol):
    """An answer that names a session."""

    session_id: str
    title: str | None
    opening: str | None


AnyNamed = TypeVar("AnyNamed", bound=Named)


def opened(answers: list[AnyNamed], openings: Openings) -> list[AnyNamed]:
    """The answers, each of which has the opening of its session where that has no title."""
    found = openings.of({each.session_id for each in answers if each.title is None})
    for each in answers:
        each.opening = found.get(each.session_id)
    return answers


def with_named_examples(services: Services, answer: dict[str, Any]) -> dict[str, Any]:
    """An answer whose `examples`, wherever they stand in it, are session ids: with what these are called.

    Raises:
        UnavailableError: PostgreSQL does not answer.
    """
    rows = list(_with_examples(answer))
    ids = {session_id for row in rows for session_id in row["examples"]}
    titles = titles_of(services.settings, ids)
    openings = services.openings.of(ids - titles.keys())
    for row in rows:
        row["examples"] = [
            {"session_id": each, "title": titles.get(each), "opening": openings.get(each)} for each in row["examples"]
        ]
    return answer


def _with_examples(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, list):
        for each in value:
            yield from _with_examples(each)
    elif isinstance(value, dict):
        if "examples" in value:
            yield value
        for each in value.values():
            yield from _with_examples(each)
