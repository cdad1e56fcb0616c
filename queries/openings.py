"""How sessions begin: the first words of the first thing that a person said, by which one without a title is known."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from math import inf
from threading import Lock

from psycopg.sql import SQL

from producers.clawdbot.envelope import current_message, without_envelope
from queries.postgres import connected, fetch_dicts
from queries.snippets import one_line
from sessiontrack.errors import UnavailableError
from sessiontrack.settings import Settings

# As much as stands on one line of a list.
MOST_CHARACTERS = 80
# An opening has some hundred bytes: a few megabytes at most, and more sessions than somebody comes upon in a day.
_KEPT = 20_000
# While PostgreSQL is away each asking would wait for its time-out: what OpenSearch finds would come seconds later.
_PAUSE_S = 30.0
# Before the words stands the envelope of the message.
_READ_CHARACTERS = 2_000
# What a person said, else what the system asked in a person's name. It lies in the session's own time: no other month's
# partition is looked into.
_QUERY = SQL(
    "SELECT sessions.session_id, said.text FROM sessions, LATERAL ("
    " ({first} AND origin IN ('USER', 'UNKNOWN') ORDER BY timestamp, line_number LIMIT 1)"
    " UNION ALL ({first} ORDER BY timestamp, line_number LIMIT 1) LIMIT 1"
    ") AS said WHERE sessions.session_id = ANY(%(ids)s) AND sessions.title IS NULL"
).format(
    first=SQL(
        "SELECT left(text, {characters}) AS text FROM messages WHERE messages.session_id = sessions.session_id"
        " AND role = 'user' AND NOT inherited AND text <> ''"
        " AND timestamp BETWEEN sessions.created_at AND sessions.last_activity_at"
    ).format(characters=_READ_CHARACTERS)
)


class Openings:
    """The openings of sessions that have no title; those that were read are kept, as a session begins once.

    Args:
        settings: Where PostgreSQL is.
        clock: Seconds; only differences count.
    """

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings, self._clock = settings, clock
        self._paused_until = -inf
        self._known: OrderedDict[str, str] = OrderedDict()
        self._in_use = Lock()

    def of(self, session_ids: Iterable[str]) -> dict[str, str]:
        """The openings of those that have one; none that is not known already, where PostgreSQL is away.

        Args:
            session_ids: Sessions without a title.
        """
        wanted = set(session_ids)
        with self._in_use:
            found = {session_id: self._known[session_id] for session_id in wanted & self._known.keys()}
        if missing := wanted - found.keys():
            read = self._read(missing)
            found |= read
            with self._in_use:
                self._known |= read
                while len(self._known) > _KEPT:
                    self._known.popitem(last=False)
        return found

    def _read(self, session_ids: Iterable[str]) -> dict[str, str]:
        if self._clock() < self._paused_until:
            return {}
        try:
            with connected(self._settings) as connection:
                rows = fetch_dicts(connection, _QUERY, {"ids": list(session_ids)})
        except UnavailableError:
            self._paused_until = self._clock() + _PAUSE_S
            return {}
        return {row["session_id"]: opening_of(row["text"]) for row in rows}


def opening_of(text: str) -> str:
    """The first words of what a person said, on one line. Pure."""
    line = one_line(without_envelope(current_message(text)))
    if len(line) <= MOST_CHARACTERS:
        return line
    cut = line[:MOST_CHARACTERS]
    return (cut.rpartition(" ")[0] or cut) + "…"
