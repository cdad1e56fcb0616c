"""Messages by their words, from PostgreSQL: for the time that OpenSearch is away."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from psycopg import Connection
from psycopg.sql import SQL, Composable, Literal

from consumers.postgres.rows import Row
from queries.fulltext.index import SPOKEN, Found, SessionFound, Turn
from queries.fusion import Candidate
from queries.postgres import fetch_dicts
from queries.query_language import Query
from queries.session_filters import session_conditions
from queries.snippets import MARK_BEGIN, MARK_END, one_line, unwrapped
from queries.sql_filters import message_conditions
from queries.times import iso
from queries.vectors.index import of_sessions

# As the index `messages_words` has them.
_WORDS = SQL("to_tsvector('english', left(text, 65536))")
# Of a word that is everywhere, so many of the newest are looked at: each is read to be ranked.
_MOST_RANKED = 2_000
_RANK = SQL(
    "SELECT message_id, session_id, timestamp, ts_rank({words}, {sought}) AS score FROM ("
    " SELECT message_id, session_id, timestamp, text FROM messages WHERE {conditions}"
    " ORDER BY timestamp DESC LIMIT {most}"
    ") AS newest ORDER BY score DESC, timestamp DESC, message_id LIMIT {size}"
)
_DETAILS = SQL(
    "SELECT m.message_id, m.session_id, m.entry_id, m.role, m.timestamp, m.sender_id, m.sender_name, m.channel,"
    " m.agent_id, m.provider, m.model, m.project, m.line_number, m.text, s.title,"
    " ts_headline('english', left(m.text, 65536), {sought}, {how}) AS marked"
    " FROM (SELECT * FROM messages WHERE message_id = ANY(%(ids)s::uuid[]) AND {conditions}) AS m"
    " LEFT JOIN sessions AS s USING (session_id)"
)
_LINES = SQL("SELECT message_id, line_number FROM messages WHERE message_id = ANY(%(ids)s::uuid[])")
_TITLE = SQL("to_tsvector('english', coalesce(title, ''))")
_TITLES = SQL(
    "SELECT session_id AS id, last_activity_at, ts_rank({title}, {sought}) AS score FROM sessions WHERE {conditions}"
    " ORDER BY score DESC, last_activity_at DESC, session_id LIMIT {size}"
)
_SESSIONS = SQL(
    "SELECT session_id, title, channel, agent_id, project, last_activity_at FROM sessions"
    " WHERE session_id = ANY(%(ids)s)"
)
_SPOKEN = SQL(
    "SELECT entry_id, line_number, role, sender_id, sender_name, text FROM messages"
    " WHERE session_id = %(session_id)s AND role = ANY(%(spoken)s) AND line_number"
)
_AROUND = SQL(
    "(SELECT * FROM ({spoken} < %(line)s ORDER BY line_number DESC LIMIT %(turns)s) AS before ORDER BY line_number)"
    " UNION ALL ({spoken} > %(line)s ORDER BY line_number LIMIT %(turns)s)"
).format(spoken=_SPOKEN)
_HOW = Literal(f'StartSel="{MARK_BEGIN}", StopSel="{MARK_END}", MaxFragments=2, MinWords=8, MaxWords=25')
_NOTHING = SQL("''::tsquery")
_AND, _OR = SQL(" && "), SQL(" || ")


class PostgresText:
    """The words of one query: all of them, else any, as OpenSearch finds them; paths and codes by their parts.

    Args:
        connection: From `queries.postgres.connected`.
    """

    def __init__(self, connection: Connection[Row]) -> None:
        self._connection = connection

    def rank(self, query: Query, size: int) -> list[Candidate]:
        """The messages that fit, best first."""
        found: list[dict[str, Any]] = []
        for joint in (_OR,) if query.terms.is_sentence else (_AND, _OR):
            found = self._rank(query, joint, size)
            if found or not query.terms.words:
                break
        return [Candidate(row["message_id"], row["session_id"], row["timestamp"], row["score"]) for row in found]

    def details(self, query: Query, message_ids: Sequence[str]) -> dict[str, Found]:
        """Those of some messages that fulfil what must hold."""
        conditions, parameters = _conditions(query)
        statement = _DETAILS.format(sought=_sought(query, _OR), how=_HOW, conditions=SQL(" AND ").join(conditions))
        rows = fetch_dicts(self._connection, statement, parameters | {"ids": list(message_ids)})
        return {row["message_id"]: _found(row) for row in rows}

    def lines(self, message_ids: Sequence[str]) -> dict[str, int]:
        """The line numbers of some messages."""
        rows = fetch_dicts(self._connection, _LINES, {"ids": list(message_ids)})
        return {row["message_id"]: row["line_number"] for row in rows}

    def rank_sessions(self, query: Query, size: int) -> list[Candidate]:
        """The sessions whose titles have words of the query, best first."""
        if not query.has_text or not of_sessions(query.filters):
            return []
        conditions, parameters = session_conditions(query.filters)
        sought = _sought(query, _OR)
        statement = _TITLES.format(
            title=_TITLE,
            sought=sought,
            conditions=SQL(" AND ").join([SQL("{} @@ {}").format(_TITLE, sought), *conditions]),
            size=Literal(size),
        )
        rows = fetch_dicts(self._connection, statement, parameters)
        return [Candidate(row["id"], row["id"], row["last_activity_at"], row["score"]) for row in rows]

    def sessions(self, session_ids: Sequence[str]) -> dict[str, SessionFound]:
        """What hits show of some sessions."""
        return {
            row["session_id"]: SessionFound(
                row["title"], row["channel"], row["agent_id"], row["project"], iso(row["last_activity_at"])
            )
            for row in fetch_dicts(self._connection, _SESSIONS, {"ids": list(session_ids)})
        }

    def around(self, places: Sequence[tuple[str, int]], turns: int) -> list[list[Turn]]:
        """What was said before and after some messages."""
        return [self._around(session_id, line, turns) for session_id, line in places]

    def _around(self, session_id: str, line: int, turns: int) -> list[Turn]:
        parameters = {"session_id": session_id, "line": line, "turns": turns, "spoken": list(SPOKEN)}
        return [Turn.of(row) for row in fetch_dicts(self._connection, _AROUND, parameters)]

    def _rank(self, query: Query, joint: SQL, size: int) -> list[dict[str, Any]]:
        conditions, parameters = _conditions(query)
        if query.terms.words:
            conditions.append(SQL("{} @@ ({})").format(_WORDS, _words(query, joint)))
        statement = _RANK.format(
            words=_WORDS,
            sought=_sought(query, joint),
            conditions=SQL(" AND ").join(conditions),
            most=Literal(_MOST_RANKED),
            size=Literal(size),
        )
        return fetch_dicts(self._connection, statement, parameters)


def _conditions(query: Query) -> tuple[list[Composable], dict[str, Any]]:
    """What must hold of a message, however it is found."""
    conditions, parameters = message_conditions(query.filters)
    conditions += [SQL("{} @@ {}").format(_WORDS, each) for each in _phrases(query.terms.phrases)]
    conditions += [SQL("NOT {} @@ {}").format(_WORDS, each) for each in _phrases(query.terms.excluded)]
    return conditions, parameters


def _phrases(texts: Iterable[str]) -> list[Composable]:
    return [SQL("phraseto_tsquery('english', {})").format(Literal(_doubled(text))) for text in texts]


def _words(query: Query, joint: SQL) -> Composable:
    return joint.join(_phrases(query.terms.words))


def _sought(query: Query, joint: SQL) -> Composable:
    """All that scores and is marked."""
    parts = [*_phrases(query.terms.words), *_phrases(query.terms.phrases)]
    return SQL("({})").format(joint.join(parts)) if parts else _NOTHING


def _doubled(text: str) -> str:
    """A per cent sign is none of a parameter."""
    return text.replace("%", "%%")


def _found(row: dict[str, Any]) -> Found:
    marked = one_line(unwrapped(row["marked"]))
    return Found(row, marked if MARK_BEGIN in marked else "", row["title"])
