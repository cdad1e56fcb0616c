"""Lists sessions, newest first, and finds the one that a person means."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

from psycopg import Connection
from psycopg.sql import SQL

from consumers.postgres.adaptation import Millis
from consumers.postgres.rows import Row
from queries.filters import Filters
from queries.postgres import connected, fetch_dicts
from queries.session_filters import session_conditions as conditions_of
from schemas.records import Session
from sessiontrack.cursors import decode_cursor, encode_cursor
from sessiontrack.errors import NotFoundError, UsageError
from sessiontrack.settings import Settings

# As many as a person compares at a glance.
_MOST_CANDIDATES = 10
_CURSOR = "sessions"


@dataclass(frozen=True, slots=True)
class SessionPage:
    """One page of sessions.

    Attributes:
        rows: The sessions, newest activity first.
        next: Cursor of the page after it; None at the end.
    """

    rows: list[Session]
    next: str | None


def list_sessions(settings: Settings, filters: Filters, limit: int = 50, after: str | None = None) -> SessionPage:
    """One page of sessions by last activity, newest first.

    Pages hold together while sessions come and go on: none is repeated, and one is missed only if it became active
    meanwhile, and so belongs on top.

    Args:
        settings: Where PostgreSQL is.
        filters: Which sessions.
        limit: Most sessions on the page, at least 1.
        after: `SessionPage.next` of the page before.

    Raises:
        UsageError: `after` is no such cursor, or the limit is below 1.
        UnavailableError: PostgreSQL does not answer.
    """
    if limit < 1:
        raise UsageError(f"a page of {limit} sessions has nothing on it", hint="Ask for at least 1.")
    conditions, parameters = conditions_of(filters)
    if after is not None:
        at, session_id = decode_cursor(_CURSOR, after, int, str)
        conditions.append(SQL("(last_activity_at, session_id) < (%(after_at)s, %(after_id)s)"))
        parameters |= {"after_at": Millis(at), "after_id": session_id}
    query = SQL(
        "SELECT * FROM sessions WHERE {conditions} ORDER BY last_activity_at DESC, session_id DESC LIMIT %(limit)s"
    ).format(conditions=SQL(" AND ").join(conditions) if conditions else SQL("true"))
    with connected(settings) as connection:
        # One more than asked for tells whether there is a next page.
        found = cast(list[Session], fetch_dicts(connection, query, parameters | {"limit": limit + 1}))
    rows = found[:limit]
    if len(found) <= limit:
        return SessionPage(rows, None)
    return SessionPage(rows, encode_cursor(_CURSOR, rows[-1]["last_activity_at"], rows[-1]["session_id"]))


def resolve(settings: Settings, prefix: str) -> str:
    """The id of the one session that a person means.

    Args:
        settings: Where PostgreSQL is.
        prefix: A session id, or the beginning of one.

    Raises:
        NotFoundError: No session begins so.
        UsageError: Several do; the hint lists some.
        UnavailableError: PostgreSQL does not answer.
    """
    if not prefix:
        raise UsageError("no session is named", hint="Give a session id or its first characters.")
    query = SQL("SELECT session_id FROM sessions WHERE session_id ^@ %s ORDER BY session_id LIMIT %s")
    with connected(settings) as connection:
        found = [row["session_id"] for row in fetch_dicts(connection, query, [prefix, _MOST_CANDIDATES + 1])]
    # A topic's session begins with the id of its chat's.
    if len(found) == 1 or prefix in found:
        return str(found[0])
    if not found:
        raise NotFoundError(f"no session begins with {prefix!r}", hint="`sessiontrack sessions` lists them.")
    shown = "\n".join(f"    {candidate}" for candidate in found[:_MOST_CANDIDATES])
    more = "\n    …" if len(found) > _MOST_CANDIDATES else ""
    raise UsageError(f"{prefix!r} is the beginning of several sessions", hint=f"Give more of it:\n{shown}{more}")


def one_session(settings: Settings, session_id: str) -> Session:
    """What is counted and known of one session.

    Args:
        settings: Where PostgreSQL is.
        session_id: The full id.

    Raises:
        NotFoundError: There is no such session.
        UnavailableError: PostgreSQL does not answer.
    """
    with connected(settings) as connection:
        return fetch_session(connection, session_id)


def fetch_session(connection: Connection[Row], session_id: str) -> Session:
    """The row of one session.

    Raises:
        NotFoundError: There is none.
    """
    found = fetch_dicts(connection, SQL("SELECT * FROM sessions WHERE session_id = %s"), [session_id])
    if not found:
        raise NotFoundError(f"there is no session {session_id!r}", hint="`sessiontrack sessions` lists them.")
    return cast(Session, found[0])


def titles_of(settings: Settings, session_ids: Iterable[str]) -> dict[str, str]:
    """The titles of the sessions that have one.

    Raises:
        UnavailableError: PostgreSQL does not answer.
    """
    query = SQL("SELECT session_id, title FROM sessions WHERE session_id = ANY(%s) AND title IS NOT NULL")
    with connected(settings) as connection:
        found = fetch_dicts(connection, query, [list(session_ids)])
    return {row["session_id"]: row["title"] for row in found}
