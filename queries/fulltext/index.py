"""What every store that finds messages by their words can do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from queries.fusion import Candidate
from queries.query_language import Query
from queries.snippets import beginning


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


@dataclass(frozen=True, slots=True)
class SessionFound:
    """What a hit shows of a session.

    Attributes:
        title: Its title.
        channel: Its channel.
        agent: Its agent.
        project: Its working folder.
        last_activity_at: Time of its latest entry, ISO 8601, UTC.
    """

    title: str | None
    channel: str | None
    agent: str | None
    project: str | None
    last_activity_at: str


@dataclass(frozen=True, slots=True)
class Turn:
    """What somebody said before or after a hit.

    Attributes:
        entry_id: The entry's own id in the transcript, else `line:N`.
        line_number: Place in the transcript, from 1.
        role: user or assistant.
        sender: Name of who wrote it, else the id.
        text: How it begins, on one line.
    """

    entry_id: str
    line_number: int
    role: str
    sender: str | None
    text: str

    @classmethod
    def of(cls, message: Mapping[str, Any]) -> Turn:
        """The turn that a message is."""
        return cls(
            entry_id=message["entry_id"],
            line_number=message["line_number"],
            role=message["role"],
            sender=message.get("sender_name") or message.get("sender_id"),
            text=beginning(message.get("text", "")),
        )


# What is said; what tools print between two turns is passed over.
SPOKEN = ("user", "assistant")


class Texts(Protocol):
    """A store of messages. Each call may raise `UnavailableError`."""

    def details(self, query: Query, message_ids: Sequence[str]) -> dict[str, Found]:
        """Those of some messages that the filters let pass, have every phrase, and nothing that is excluded."""


class FullText(Texts, Protocol):
    """A store of messages with an index of their words."""

    def rank(self, query: Query, size: int) -> list[Candidate]:
        """The messages that fit, best first; where nothing is asked for, the newest that the filters let pass."""

    def lines(self, message_ids: Sequence[str]) -> dict[str, int]:
        """The line numbers of some messages in their sessions, by id."""

    def rank_sessions(self, query: Query, size: int) -> list[Candidate]:
        """The sessions whose titles have words of the query, best first."""

    def sessions(self, session_ids: Sequence[str]) -> dict[str, SessionFound]:
        """What hits show of some sessions."""

    def around(self, places: Sequence[tuple[str, int]], turns: int) -> list[list[Turn]]:
        """What was said before and after some messages, in order, the messages themselves left out.

        Args:
            places: Session and line number of each.
            turns: Most turns before, and after.
        """
