"""A session as a person reads it: a generation of it, line by line, with tools folded into their calls."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from psycopg.sql import SQL

from queries.generations import Generation
from queries.postgres import connected, fetch_dicts
from queries.sessions import fetch_session
from queries.tree import EventRow, Link, generation_lines, places
from schemas.records import EventKind, SearchableMessage, Session, ToolCall
from sessiontrack.identity import message_id
from sessiontrack.settings import Settings

_EVENTS = SQL("SELECT * FROM events WHERE session_id = %s")
_MESSAGES = SQL("SELECT * FROM messages WHERE session_id = %s")
_TOOL_CALLS = SQL("SELECT * FROM tool_calls WHERE session_id = %s ORDER BY call_id, ordinal")


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a conversation.

    Attributes:
        event_id: Id of the event that its line is.
        entry_id: Its own id, else `line:N`.
        line_number: Place in the transcript, from 1.
        kind: What it is.
        entry_type: The type that its line states; None where the line is no JSON object.
        occurred_at: Epoch milliseconds.
        inherited: Copied from the parent session.
        depth: 0 on the path to the current leaf, more on branches that were left.
        link: Whether it hangs on the parent it names, is a root, or its parent is not there.
        message: What was said: of a message, a compaction, a branch summary; None of other kinds, and of a message that
            the pipeline has not brought yet.
        body: The typed body of other kinds than a message.
        tool_calls: The calls that it makes, each with outcome, duration and result.
        labels: Labels that point to it and were not cleared.
    """

    event_id: str
    entry_id: str
    line_number: int
    kind: EventKind
    entry_type: str | None
    occurred_at: int
    inherited: bool
    depth: int
    link: Link
    message: SearchableMessage | None
    body: dict[str, Any] | None
    tool_calls: tuple[ToolCall, ...]
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Conversation:
    """A session in order.

    Attributes:
        session: Its facts.
        entries: The entries of a generation in the order of the lines, folded tool results left out, and the header
            where it was not asked for.
        missing_lines: Lines of that generation that are not there.
        generations: All generations of the session, in the order of their numbers.
        event_ids: Of each entry of that generation, folded ones too, the id of its event.
        images: Of each entry that has some, folded ones too, how many.
    """

    session: Session
    entries: tuple[Entry, ...]
    missing_lines: int
    generations: tuple[Generation, ...]
    event_ids: Mapping[str, str]
    images: Mapping[str, int]


def conversation(settings: Settings, session_id: str) -> Conversation:
    """The conversation of one session.

    Args:
        settings: Where PostgreSQL is.
        session_id: The full id.

    Raises:
        NotFoundError: There is no such session.
        UnavailableError: PostgreSQL does not answer.
    """
    with connected(settings) as connection:
        session = fetch_session(connection, session_id)
        events = fetch_dicts(connection, _EVENTS, [session_id])
        messages = cast(list[SearchableMessage], fetch_dicts(connection, _MESSAGES, [session_id]))
        tool_calls = cast(list[ToolCall], fetch_dicts(connection, _TOOL_CALLS, [session_id]))
    return arrange(session, events, messages, tool_calls)


def arrange(
    session: Session,
    events: Sequence[EventRow],
    messages: Iterable[SearchableMessage],
    tool_calls: Iterable[ToolCall],
    generation: int | None = None,
    *,
    with_header: bool = False,
) -> Conversation:
    """The conversation that these rows make. Pure.

    Args:
        session: Its facts.
        events: All its events, in any order.
        messages: All its messages.
        tool_calls: All its tool calls.
        generation: Number of the generation; the current one if None.
        with_header: Whether the line that begins a transcript is an entry.

    Raises:
        NotFoundError: There is no generation of this number.
    """
    lines = generation_lines(events, generation)
    headers = [row for row in lines.rows if row["kind"] == "SESSION"] if with_header else []
    rows = [row for row in lines.rows if row["kind"] != "SESSION"]
    by_id = {message["message_id"]: message for message in messages}
    said = [by_id.get(_message_id(row)) for row in rows]
    folding = _Folding(tool_calls)
    labels = _labels(rows)
    entries = [_header(row) for row in headers]
    for row, message, place in zip(rows, said, places(rows), strict=True):
        if message is not None and folding.folds(message):
            continue
        entry_id = _entry_id(row)
        entries.append(
            Entry(
                event_id=row["event_id"],
                entry_id=entry_id,
                line_number=row["line_number"],
                kind=row["kind"],
                entry_type=row["entry_type"],
                occurred_at=row["occurred_at"],
                inherited=row["inherited"],
                depth=place.depth,
                link=place.link,
                message=message,
                body=row["body"],
                tool_calls=folding.calls_of(message, entry_id) if message else (),
                labels=labels.get(entry_id, ()),
            )
        )
    event_ids = {_entry_id(row): row["event_id"] for row in rows}
    images = {
        _entry_id(row): message["images"]
        for row, message in zip(rows, said, strict=True)
        if message is not None and message["images"]
    }
    return Conversation(session, tuple(entries), lines.missing, lines.generations, event_ids, images)


class _Folding:
    """Gives each call its record once, and knows which results a reader has seen with their call."""

    def __init__(self, tool_calls: Iterable[ToolCall]) -> None:
        self._by_call_id: dict[str, list[ToolCall]] = defaultdict(list)
        for tool_call in tool_calls:
            self._by_call_id[tool_call["call_id"]].append(tool_call)
        self._met: Counter[str] = Counter()

    def calls_of(self, message: SearchableMessage, entry_id: str) -> tuple[ToolCall, ...]:
        """The records of the calls that a message makes."""
        if message["role"] != "assistant":
            return ()
        found = (self._take(call_id, entry_id) for call_id in message["tool_call_ids"])
        return tuple(tool_call for tool_call in found if tool_call)

    def folds(self, message: SearchableMessage) -> bool:
        """Whether this is the result of a call that came before it."""
        return message["role"] == "toolResult" and any(
            self._met[call_id] and self._by_call_id[call_id] for call_id in message["tool_call_ids"]
        )

    def _take(self, call_id: str, entry_id: str) -> ToolCall | None:
        """By entry; where a rewrite has renumbered the entries, by the order of the calls of this id."""
        candidates = self._by_call_id[call_id]
        ordinal = self._met[call_id]
        self._met[call_id] += 1
        if not candidates:
            return None
        own = next((call for call in candidates if call["call_entry_id"] == entry_id), None)
        return own or candidates[min(ordinal, len(candidates) - 1)]


def _header(row: EventRow) -> Entry:
    return Entry(
        event_id=row["event_id"],
        entry_id=_entry_id(row),
        line_number=row["line_number"],
        kind=row["kind"],
        entry_type=row["entry_type"],
        occurred_at=row["occurred_at"],
        inherited=row["inherited"],
        depth=0,
        link="root",
        message=None,
        body=row["body"],
        tool_calls=(),
        labels=(),
    )


def _entry_id(row: EventRow) -> str:
    return row["entry_id"] or f"line:{row['line_number']}"


def _message_id(row: EventRow) -> str:
    return message_id(row["family"], row["session_id"], row["entry_key"] or b"")


def _labels(rows: Iterable[EventRow]) -> dict[str, tuple[str, ...]]:
    """The labels of each entry; one without text clears those before it."""
    labels: dict[str, tuple[str, ...]] = {}
    for row in rows:
        body = row["body"] or {}
        target = body.get("target_id") if row["kind"] == "LABEL" else None
        if target:
            label = body.get("label")
            labels[target] = (*labels.get(target, ()), label) if label else ()
    return labels
