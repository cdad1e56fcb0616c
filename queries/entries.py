"""What the lines of a session say, page by page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from psycopg.sql import SQL

from queries.postgres import connected, fetch_dicts
from queries.sessions import fetch_session
from schemas.records import SearchableMessage
from sessiontrack.cursors import decode_cursor, encode_cursor
from sessiontrack.errors import UsageError
from sessiontrack.identity import message_id
from sessiontrack.settings import Settings

_CURSOR = "entries"
_LINES = SQL(
    "SELECT event_id, kind, entry_type, family, session_id, occurred_at, captured_at, entry_key, entry_id,"
    " parent_entry_id, line_number, inherited, body FROM events"
    " WHERE session_id = %(session_id)s AND kind <> 'TRANSCRIPT_HEAD'"
    " AND line_number >= %(first)s AND (%(last)s::bigint IS NULL OR line_number <= %(last)s)"
    " AND (line_number, event_id) > (%(after_line)s, %(after_id)s)"
    " ORDER BY line_number, event_id LIMIT %(limit)s"
)
_MESSAGES = SQL("SELECT * FROM messages WHERE session_id = %s AND message_id = ANY(%s)")
_BEFORE_ALL = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Line:
    """A line, and what it says.

    Attributes:
        event: Its row in the table of events.
        message: Its message; None where it is none, or the pipeline has not brought it yet.
    """

    event: dict[str, Any]
    message: SearchableMessage | None


@dataclass(frozen=True, slots=True)
class EntryPage:
    """One page of lines.

    Attributes:
        entries: By place; the lines of all generations.
        next: Cursor of the page after it; None at the end.
    """

    entries: list[Line]
    next: str | None


def list_entries(
    settings: Settings,
    session_id: str,
    limit: int = 100,
    after: str | None = None,
    *,
    first: int = 1,
    last: int | None = None,
) -> EntryPage:
    """One page of the lines of a session, whatever generation they stand in: its tree says which is of which.

    Args:
        settings: Where PostgreSQL is.
        session_id: The full id.
        limit: Most lines, at least 1.
        after: `EntryPage.next` of the page before.
        first: Number of the first line.
        last: Number of the last line; to the end if None.

    Raises:
        NotFoundError: There is no such session.
        UsageError: `after` is no such cursor.
        UnavailableError: PostgreSQL does not answer.
    """
    line, event_id = (0, _BEFORE_ALL) if after is None else _place(after)
    asked = {"session_id": session_id, "first": first, "last": last, "limit": limit + 1}
    with connected(settings) as connection:
        fetch_session(connection, session_id)
        # One more than asked for tells whether there is a next page.
        found = fetch_dicts(connection, _LINES, asked | {"after_line": line, "after_id": event_id})
        rows = found[:limit]
        ids = [_message_id(row) for row in rows]
        messages = cast(list[SearchableMessage], fetch_dicts(connection, _MESSAGES, [session_id, ids]))
    by_id = {message["message_id"]: message for message in messages}
    entries = [Line(row, by_id.get(str(each))) for row, each in zip(rows, ids, strict=True)]
    more = encode_cursor(_CURSOR, rows[-1]["line_number"], rows[-1]["event_id"]) if len(found) > limit else None
    return EntryPage(entries, more)


def _message_id(row: dict[str, Any]) -> UUID:
    return UUID(message_id(row["family"], row["session_id"], row["entry_key"] or b""))


def _place(cursor: str) -> tuple[int, UUID]:
    line, event_id = decode_cursor(_CURSOR, cursor, int, str)
    try:
        return line, UUID(event_id)
    except ValueError as error:
        raise UsageError("this is no cursor of entries", hint="Give back what came with the page before.") from error
