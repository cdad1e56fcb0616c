"""The session document: one session as a program reads it. Pure but for `session_document`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from psycopg.sql import SQL

from queries.postgres import connected, fetch_dicts
from queries.sessions import fetch_session
from queries.times import iso
from schemas.records import SearchableMessage, Session
from sessiontrack.settings import Settings

_MESSAGES = SQL("SELECT * FROM messages WHERE session_id = %s ORDER BY timestamp, line_number, message_id")


def session_document(settings: Settings, session_id: str) -> dict[str, Any]:
    """The document of one session: its facts and all its messages, each once, by time and place.

    Args:
        settings: Where PostgreSQL is.
        session_id: The full id.

    Raises:
        NotFoundError: There is no such session.
        UnavailableError: PostgreSQL does not answer.
    """
    with connected(settings) as connection:
        session = fetch_session(connection, session_id)
        messages = cast(list[SearchableMessage], fetch_dicts(connection, _MESSAGES, [session_id]))
    return document(session, messages)


def document(session: Session, messages: Iterable[SearchableMessage]) -> dict[str, Any]:
    """The document of these records; times as ISO-8601 UTC with milliseconds."""
    return {
        "session_id": session["session_id"],
        "created_at": iso(session["created_at"]),
        "closed_at": iso(session["closed_at"]),
        "participants": session["participants"],
        "models_used": session["models_used"],
        "total_tokens": session["total_tokens"],
        "tool_invocations": session["tool_invocations"],
        "messages": [_message(message) for message in messages],
        "context_summary": session["context_summary"],
    }


def _message(message: SearchableMessage) -> dict[str, Any]:
    return {
        "id": message["entry_id"],
        "timestamp": iso(message["timestamp"]),
        "sender": message["sender_name"] or message["sender_id"] or message["role"],
        "content": message["text"],
        "metadata": {"tools_used": message["tools_used"], "sentiment": message["sentiment"]},
    }
