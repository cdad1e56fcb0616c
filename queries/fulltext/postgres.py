"""Messages by their words, from PostgreSQL: for the time that OpenSearch is away."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from psycopg import Connection
from psycopg.sql import SQL, Composable, Literal

from consumers.postgres.rows import Row
from queries.fulltext.index import Found
from queries.fusion import Candidate
from queries.postgres import fetch_dicts
from queries.query_language import Query
from queries.sql_filters import message_conditions
from queries.snippets import MARK_BEGIN, MARK_END, one_line

# As the index `messages_words` has them.
_WORDS = SQL("to_tsvector('english', left(text, 65536))")
# Of a word that is everywhere, so many of the newest are looked at: each is read to be ranked.
_MOST_RANKED = 2_000
_RANK = SQL(
    "SELECT message_id, timestamp, ts_rank({words}, {sought}) AS score FROM ("
    " SELECT message_id, timestamp, text FROM messages WHERE {conditions} ORDER BY timestamp DESC LIMIT {most}"
    ") AS newest ORDER BY score DESC, timestamp DESC, message_id LIMIT {size}"
)
_DETAILS = SQL(
    "SELECT m.message_id, m.session_id, m.entry_id, m.role, m.timestamp, m.sender_id, m.sender_name, m.channel,"
    " m.agent_id, m.provider, m.model, m.project, m.text, s.title,"
    " ts_headline('english', left(m.text, 65536), {sought}, {how}) AS marked"
    " FROM (SELECT * FROM messages WHERE message_id = ANY(%(ids)s::uuid[]) AND {conditions}) AS m"
    " LEFT JOIN sessions AS s USING (session_id)"
)
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
        return [Candidate(row["message_id"], row["timestamp"], row["score"]) for row in found]

    def details(self, query: Query, message_ids: Sequence[str]) -> dict[str, Found]:
        """Those of some messages that fulfil what must hold."""
        conditions, parameters = _conditions(query)
        statement = _DETAILS.format(
            sought=_sought(query, _OR), how=_HOW, conditions=SQL(" AND ").join(conditions)
        )
        rows = fetch_dicts(self._connection, statement, parameters | {"ids": list(message_ids)})
        return {row["message_id"]: _found(row) for row in rows}

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
    marked = one_line(row["marked"])
    return Found(row, marked if MARK_BEGIN in marked else "", row["title"])
