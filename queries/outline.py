"""The tree of a session: how the lines of a generation hang together, without all that they say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from psycopg.sql import SQL

from producers.clawdbot.envelope import without_envelope
from queries.conversation import Entry, arrange
from queries.generations import Generation
from queries.postgres import connected, fetch_dicts
from queries.sessions import fetch_session
from schemas.records import SearchableMessage, ToolCall
from sessiontrack.cursors import decode_cursor, encode_cursor
from sessiontrack.settings import Settings

_CURSOR = "tree"
# Of a long session the texts are by far the most; bodies only where the tree is told by them.
_EVENTS = SQL(
    "SELECT event_id, kind, entry_type, family, session_id, occurred_at, captured_at, chain, previous_chain, entry_key,"
    " entry_id, parent_entry_id, line_number, inherited,"
    " CASE WHEN kind IN ('TRANSCRIPT_HEAD', 'LABEL', 'LEAF') THEN body END AS body"
    " FROM events WHERE session_id = %s"
)
# What a person recognises a place by is what people said there: as much of it as fits on one line. Before it stands
# the envelope of the message.
_BEGINS_CHARACTERS = 160
_MESSAGES = SQL(
    "SELECT message_id, role, tool_call_ids, images,"
    " CASE WHEN role IN ('user', 'compaction', 'branch_summary') THEN left(text, 1000) END AS text"
    " FROM messages WHERE session_id = %s"
)
_TOOL_CALLS = SQL(
    "SELECT tool_call_id, call_id, ordinal, name, left(arguments, 160) AS arguments, outcome, exit_code, duration_ms,"
    " call_entry_id, result_entry_id"
    " FROM tool_calls WHERE session_id = %s ORDER BY call_id, ordinal"
)
# From indexes, but for the versions: a fiftieth of what the tree takes.
_STATE = SQL(
    "SELECT (SELECT version FROM sessions WHERE session_id = %(session_id)s) AS session,"
    " (SELECT count(*) FROM events WHERE session_id = %(session_id)s) AS events,"
    " (SELECT sum(version) FROM messages WHERE session_id = %(session_id)s) AS messages,"
    " (SELECT sum(version) FROM tool_calls WHERE session_id = %(session_id)s) AS tool_calls"
)


@dataclass(frozen=True, slots=True)
class Outline:
    """The tree of a generation of a session.

    Attributes:
        entries: In the order of the lines, folded tool results left out. Of a message only its id, its role and how it
            begins, of a tool call no result.
        missing_lines: Lines of the generation that are not there.
        generations: All generations of the session.
        event_ids: Of each entry, folded ones too, the id of its event.
        images: Of each entry that has some, folded ones too, how many.
    """

    entries: tuple[Entry, ...]
    missing_lines: int
    generations: tuple[Generation, ...]
    event_ids: Mapping[str, str]
    images: Mapping[str, int]

    def part(self, limit: int, after: str | None = None) -> OutlinePart:
        """The entries that follow a place.

        Args:
            limit: Most entries, at least 1.
            after: `OutlinePart.next` of the part before.

        Raises:
            UsageError: `after` is no such cursor.
        """
        begin = 0 if after is None else decode_cursor(_CURSOR, after, int)[0]
        later = [entry for entry in self.entries if entry.line_number > begin]
        entries = tuple(later[:limit])
        more = encode_cursor(_CURSOR, entries[-1].line_number) if len(later) > limit else None
        return OutlinePart(entries, more)


@dataclass(frozen=True, slots=True)
class OutlinePart:
    """A part of a tree.

    Attributes:
        entries: In the order of the lines.
        next: Cursor of what follows; None at the end.
    """

    entries: tuple[Entry, ...]
    next: str | None


def outline_state(settings: Settings, session_id: str) -> tuple[Any, ...]:
    """What is another one as soon as anything of a session's tree is: its tree may be kept as long as this is the same.

    Args:
        settings: Where PostgreSQL is.
        session_id: The full id.

    Raises:
        UnavailableError: PostgreSQL does not answer.
    """
    with connected(settings) as connection:
        return tuple(fetch_dicts(connection, _STATE, {"session_id": session_id})[0].values())


def outline(settings: Settings, session_id: str, generation: int | None = None) -> Outline:
    """The tree of one session.

    Args:
        settings: Where PostgreSQL is.
        session_id: The full id.
        generation: Number of the generation; the current one if None.

    Raises:
        NotFoundError: There is no such session, or no generation of this number.
        UnavailableError: PostgreSQL does not answer.
    """
    with connected(settings) as connection:
        session = fetch_session(connection, session_id)
        rows: list[list[dict[str, Any]]] = [
            fetch_dicts(connection, query, [session_id]) for query in (_EVENTS, _MESSAGES, _TOOL_CALLS)
        ]
    events, messages, tool_calls = rows
    for message in messages:
        message["text"] = message["text"] and without_envelope(message["text"])[:_BEGINS_CHARACTERS]
    shown = arrange(
        session,
        events,
        cast(list[SearchableMessage], messages),
        cast(list[ToolCall], tool_calls),
        generation,
        with_header=True,
    )
    return Outline(shown.entries, shown.missing_lines, shown.generations, shown.event_ids, shown.images)
