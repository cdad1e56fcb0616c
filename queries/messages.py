"""The messages of one session, page by page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast
from uuid import UUID

from psycopg.sql import SQL

from consumers.postgres.adaptation import Millis
from queries.postgres import connected, fetch_dicts
from queries.sessions import fetch_session
from schemas.records import SearchableMessage
from sessiontrack.cursors import decode_cursor, encode_cursor
from sessiontrack.errors import UsageError
from sessiontrack.settings import Settings

_CURSOR = "messages"
_FIRST = SQL("SELECT * FROM messages WHERE session_id = %(session_id)s")
_LATER = SQL(
    "SELECT * FROM messages WHERE session_id = %(session_id)s AND timestamp >= %(at)s"
    " AND (timestamp, line_number, message_id) > (%(at)s, %(line)s, %(id)s)"
)
_ORDER = SQL(" ORDER BY timestamp, line_number, message_id LIMIT %(limit)s")


@dataclass(frozen=True, slots=True)
class MessagePage:
    """One page of messages.

    Attributes:
        rows: The messages by time and place, each once, whatever generation of the transcript it stands in.
        next: Cursor of the page after it; None at the end.
    """

    rows: list[SearchableMessage]
    next: str | None


def list_messages(settings: Settings, session_id: str, limit: int = 100, after: str | None = None) -> MessagePage:
    """One page of the messages of a session.

    Args:
        settings: Where PostgreSQL is.
        session_id: The full id.
        limit: Most messages on the page, at least 1.
        after: `MessagePage.next` of the page before.

    Raises:
        NotFoundError: There is no such session.
        UsageError: `after` is no such cursor.
        UnavailableError: PostgreSQL does not answer.
    """
    parameters = {"session_id": session_id, "limit": limit + 1}
    if after is not None:
        at, line, message_id = decode_cursor(_CURSOR, after, int, int, str)
        parameters |= {"at": Millis(at), "line": line, "id": _uuid(message_id)}
    query = (_FIRST if after is None else _LATER) + _ORDER
    with connected(settings) as connection:
        fetch_session(connection, session_id)
        # One more than asked for tells whether there is a next page.
        found = cast(list[SearchableMessage], fetch_dicts(connection, query, parameters))
    rows = found[:limit]
    if len(found) <= limit:
        return MessagePage(rows, None)
    last = rows[-1]
    return MessagePage(rows, encode_cursor(_CURSOR, last["timestamp"], last["line_number"], last["message_id"]))


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise UsageError("this is no cursor of messages", hint="Give back what came with the page before.") from error
