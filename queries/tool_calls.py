"""One tool call, with all that it was given and gave."""

from __future__ import annotations

from typing import cast
from uuid import UUID

from psycopg.sql import SQL

from queries.postgres import connected, fetch_dicts
from schemas.records import ToolCall
from sessiontrack.errors import NotFoundError
from sessiontrack.settings import Settings

_TOOL_CALL = SQL("SELECT * FROM tool_calls WHERE session_id = %s AND tool_call_id = %s")


def one_tool_call(settings: Settings, session_id: str, tool_call_id: UUID) -> ToolCall:
    """A tool call of a session.

    Args:
        settings: Where PostgreSQL is.
        session_id: The full id of the session.
        tool_call_id: The call's own id.

    Raises:
        NotFoundError: The session has no such call.
        UnavailableError: PostgreSQL does not answer.
    """
    with connected(settings) as connection:
        found = fetch_dicts(connection, _TOOL_CALL, [session_id, tool_call_id])
    if not found:
        raise NotFoundError(
            f"session {session_id!r} has no tool call {tool_call_id}", hint="The session's tree names its calls."
        )
    return cast(ToolCall, found[0])
