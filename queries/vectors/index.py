"""What every vector store can answer, in the same form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Protocol

from queries.filters import Filters

# A sixth of what an index looks at for one query, and far more than a person reads.
MOST_NEAREST = 1_000
# What a session's vector has no fact of: the messages in it differ.
_OF_MESSAGES = ("sender", "role", "model", "tool", "failed", "with_tools")


@dataclass(frozen=True, slots=True)
class NearChunk:
    """A passage that lies near.

    Attributes:
        score: Dot product of its vector with that of the query: their cosine, as both have length 1; from -1 to 1.
        chunk_id: Its id.
        message_id: The message that it is a part of.
        session_id: Its session.
        chunk_index: Its place among the passages of the message, from 0.
        text: The passage.
        start: Where it begins in the text of the message, in characters.
        end: Where it ends, exclusive.
        entry_id: The entry's own id in the transcript, else `line:N`.
        role: user, assistant, toolResult, …
        origin: USER, MODEL, TOOL, GATEWAY, MIRROR, SYSTEM.
        timestamp: When it was written, epoch milliseconds.
        sender_id: Id of who wrote it.
        sender_name: Name of who wrote it.
        channel: Its channel.
        chat_type: direct, group or channel.
        agent_id: Its agent.
        session_key: Chat of the session.
        provider: Provider of the model that wrote it.
        model: Model that wrote it.
        project: Its working folder.
    """

    score: float
    chunk_id: str
    message_id: str
    session_id: str
    chunk_index: int
    text: str
    start: int
    end: int
    entry_id: str
    role: str
    origin: str
    timestamp: int
    sender_id: str | None
    sender_name: str | None
    channel: str | None
    chat_type: str | None
    agent_id: str | None
    session_key: str | None
    provider: str | None
    model: str | None
    project: str | None

    FACTS: ClassVar[tuple[str, ...]]

    @classmethod
    def of(cls, score: float, stored: Mapping[str, Any]) -> NearChunk:
        """Of what a store holds; facts without a value may be left out of it."""
        facts: dict[str, Any] = {name: stored.get(name) for name in cls.FACTS}
        return cls(score, **facts)


@dataclass(frozen=True, slots=True)
class NearSession:
    """A session whose messages, taken together, point near.

    Attributes:
        score: Dot product of its vector with that of the query, from -1 to 1.
        session_id: The session.
        messages: How many messages are in the vector.
        first_at: Time of the earliest of them, epoch milliseconds.
        last_at: Time of the latest of them, epoch milliseconds.
        channel: Its channel.
        chat_type: direct, group or channel.
        agent_id: Its agent.
        session_key: Chat of the session.
        project: Its working folder.
    """

    score: float
    session_id: str
    messages: int
    first_at: int
    last_at: int
    channel: str | None
    chat_type: str | None
    agent_id: str | None
    session_key: str | None
    project: str | None

    FACTS: ClassVar[tuple[str, ...]]

    @classmethod
    def of(cls, score: float, stored: Mapping[str, Any]) -> NearSession:
        """Of what a store holds; facts without a value may be left out of it."""
        facts: dict[str, Any] = {name: stored.get(name) for name in cls.FACTS}
        return cls(score, **facts)


NearChunk.FACTS = tuple(field.name for field in fields(NearChunk))[1:]
NearSession.FACTS = tuple(field.name for field in fields(NearSession))[1:]


class VectorIndex(Protocol):
    """The vectors of one embedding space in one store.

    Both methods answer the nearest first, of equals in any order, and raise

    - `UnavailableError`: the store does not answer, or has no vectors of the space yet;
    - `ValueError`: the vector is not of the space's length, or `limit` is not from 1 to `MOST_NEAREST`.
    """

    def nearest_chunks(self, vector: Sequence[float], filters: Filters, limit: int) -> list[NearChunk]:
        """The passages that lie nearest, of all that fulfil the filters.

        Args:
            vector: Of length 1, of the space.
            filters: Which messages to look at; inherited ones have no passages.
            limit: Most passages.
        """

    def nearest_sessions(self, vector: Sequence[float], filters: Filters, limit: int) -> list[NearSession]:
        """The sessions that lie nearest, of all that fulfil the filters.

        Args:
            vector: Of length 1, of the space.
            filters: Which sessions to look at: `of_sessions` tells whether they ask for what sessions have facts of.
                `since` and `until` ask for sessions with messages in that time, as far as first and last tell.
            limit: Most sessions.
        """


def of_sessions(filters: Filters) -> bool:
    """Whether filters only ask for facts of sessions, and so can be put to `nearest_sessions`."""
    return all(not getattr(filters, name) for name in _OF_MESSAGES)


def check_query(vector: Sequence[float], dimensions: int, limit: int) -> None:
    """Checks what every store is asked with.

    Raises:
        ValueError: The vector is not of the space's length, or the limit is out of range.
    """
    if len(vector) != dimensions:
        raise ValueError(f"a vector of {len(vector)} numbers, not {dimensions}")
    if not 1 <= limit <= MOST_NEAREST:
        raise ValueError(f"a limit of {limit}, not from 1 to {MOST_NEAREST}")


def check_of_sessions(filters: Filters) -> None:
    """Checks filters that are put to sessions.

    Raises:
        ValueError: They ask for facts of messages.
    """
    if not of_sessions(filters):
        raise ValueError(f"sessions have none of {', '.join(_OF_MESSAGES)}")
