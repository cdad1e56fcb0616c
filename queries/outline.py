"""The tree of a session: how the lines of its current generation hang together, without what they say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from psycopg.sql import SQL

from queries.conversation import Entry, arrange
from queries.postgres import connected, fetch_dicts
from queries.sessions import fetch_session
from schemas.records import SearchableMessage, ToolCall
from sessiontrack.cursors import decode_cursor, encode_cursor
from sessiontrack.settings import Settings

_CURSOR = "tree"
# Of a long session the texts are by far the most; bodies only where the tree is told by them.
_EVENTS = SQL(
    "SELECT kind, entry_type, family, session_id, occurred_at, captured_at, chain, previous_chain, entry_key, entry_id,"
    " parent_entry_id, line_number, inherited,"
    " CASE WHEN kind IN ('TRANSCRIPT_HEAD', 'LABEL', 'LEAF') THEN body END AS body"
    " FROM events WHERE session_id = %s"
)
_MESSAGES = SQL("SELECT message_id, role, tool_call_ids FROM messages WHERE session_id = %s")
_TOOL_CALLS = SQL(
    "SELECT tool_call_id, call_id, ordinal, name, outcome, exit_code, duration_ms, call_entry_id, result_entry_id"
    " FROM tool_calls WHERE session_id = %s ORDER BY call_id, ordinal"
)


@dataclass(frozen=True, slots=True)
class Outline:
    """A part of a session's tree.

    Attributes:
        entries: In the order of the lines, the header and folded tool results left out. Of a message only id and role,
            of a tool call no texts.
        missing_lines: Lines of the generation that are not there.
        next: Cursor of what follows; None at the end.
    """

    entries: tuple[Entry, ...]
    missing_lines: int
    next: str | None


def outline(settings: Settings, session_id: str, limit: int = 500, after: str | None = None) -> Outline:
    """A part of the tree of one session.

    Args:
        settings: Where PostgreSQL is.
        session_id: The full id.
        limit: Most entries, at least 1.
        after: `Outline.next` of the part before.

    Raises:
        NotFoundError: There is no such session.
        UsageError: `after` is no such cursor.
        UnavailableError: PostgreSQL does not answer.
    """
    begin = 0 if after is None else decode_cursor(_CURSOR, after, int)[0]
    with connected(settings) as connection:
        session = fetch_session(connection, session_id)
        rows: list[list[dict[str, Any]]] = [
            fetch_dicts(connection, query, [session_id]) for query in (_EVENTS, _MESSAGES, _TOOL_CALLS)
        ]
    events, messages, tool_calls = rows
    shown = arrange(session, events, cast(list[SearchableMessage], messages), cast(list[ToolCall], tool_calls))
    later = [entry for entry in shown.entries if entry.line_number > begin]
    entries = tuple(later[:limit])
    more = encode_cursor(_CURSOR, entries[-1].line_number) if len(later) > limit else None
    return Outline(entries, shown.missing_lines, more)
