"""Lists sessions, newest first, and finds the one that a person means."""

from __future__ import annotations

import binascii
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import cast

from psycopg import Connection
from psycopg.sql import SQL

from consumers.postgres.adaptation import Millis
from consumers.postgres.rows import Row
from queries.filters import Filters
from queries.postgres import connected, fetch_dicts
from queries.session_filters import conditions as conditions_of
from schemas.records import Session
from sessiontrack.errors import NotFoundError, UsageError
from sessiontrack.settings import Settings

# As many as a person compares at a glance.
_MOST_CANDIDATES = 10


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
        at, session_id = _decode_cursor(after)
        conditions.append(SQL("(last_activity_at, session_id) < (%(after_at)s, %(after_id)s)"))
        parameters |= {"after_at": Millis(at), "after_id": session_id}
    query = SQL(
        "SELECT * FROM sessions WHERE {conditions} ORDER BY last_activity_at DESC, session_id DESC LIMIT %(limit)s"
    ).format(conditions=SQL(" AND ").join(conditions) if conditions else SQL("true"))
    with connected(settings) as connection:
        # One more than asked for tells whether there is a next page.
        found = cast(list[Session], fetch_dicts(connection, query, parameters | {"limit": limit + 1}))
    rows = found[:limit]
    return SessionPage(rows, _encode_cursor(rows[-1]) if len(found) > limit else None)


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


def fetch_session(connection: Connection[Row], session_id: str) -> Session:
    """The row of one session.

    Raises:
        NotFoundError: There is none.
    """
    found = fetch_dicts(connection, SQL("SELECT * FROM sessions WHERE session_id = %s"), [session_id])
    if not found:
        raise NotFoundError(f"there is no session {session_id!r}", hint="`sessiontrack sessions` lists them.")
    return cast(Session, found[0])


def _encode_cursor(session: Session) -> str:
    position = json.dumps([session["last_activity_at"], session["session_id"]], separators=(",", ":"))
    return urlsafe_b64encode(position.encode("utf-8")).decode("ascii").rstrip("=")


def _decode_cursor(cursor: str) -> tuple[int, str]:
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        at, session_id = json.loads(urlsafe_b64decode(padded))
        if isinstance(at, int) and isinstance(session_id, str):
            return at, session_id
    except (ValueError, TypeError, binascii.Error):
        pass
    raise UsageError("this is no cursor of a page of sessions", hint="Take it from `next` of the page before.")
