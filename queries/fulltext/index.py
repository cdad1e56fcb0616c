"""What every store that finds messages by their words can do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from queries.fusion import Candidate
from queries.query_language import Query


@dataclass(frozen=True, slots=True)
class Found:
    """A message with what a hit shows of it.

    Attributes:
        facts: Its fields by the names of `schemas/avro/message.avsc`, `text` among them; those that it has.
        marked: The passages that have words of the query, between MARK_BEGIN and MARK_END of `queries.snippets`; empty
            where no field has one.
        title: Title of its session.
    """

    facts: Mapping[str, Any]
    marked: str
    title: str | None


class FullText(Protocol):
    """A store of messages with an index of their words. Each call may raise `UnavailableError`."""

    def rank(self, query: Query, size: int) -> list[Candidate]:
        """The messages that fit, best first; where nothing is asked for, the newest that the filters let pass."""

    def details(self, query: Query, message_ids: Sequence[str]) -> dict[str, Found]:
        """Those of some messages that the filters let pass, have every phrase, and nothing that is excluded."""
