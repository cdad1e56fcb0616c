"""How tools follow one another within a session."""

from __future__ import annotations

from typing import Any

from psycopg.sql import SQL

from queries.postgres import fetch_dicts
from queries.spans import Span, reading
from sessiontrack.settings import Settings

# A graph of more can't be read.
_MOST_TRANSITIONS = 200
_EXAMPLES = 3
# Calls of one reply begin at the same time: their order is that of their ids, the same each time.
_QUERY = SQL(
    "WITH {chosen}, followed AS (SELECT session_id, name, outcome, lag(name) OVER (PARTITION BY session_id"
    " ORDER BY started_at, tool_call_id) AS previous"
    " FROM tool_calls WHERE NOT inherited AND {within} AND {of_chosen}),"
    " paired AS (SELECT session_id, previous, name, count(*) AS calls,"
    " count(*) FILTER (WHERE outcome = 'succeeded') AS succeeded,"
    " count(*) FILTER (WHERE outcome = 'failed') AS failed FROM followed GROUP BY session_id, previous, name)"
    " SELECT previous AS source, name AS target, sum(calls)::int8 AS calls, sum(succeeded)::int8 AS succeeded,"
    " sum(failed)::int8 AS failed, count(*) AS sessions,"
    " (array_agg(session_id ORDER BY calls DESC, session_id))[1:{examples}] AS examples"
    " FROM paired GROUP BY previous, name ORDER BY calls DESC, source NULLS FIRST, target LIMIT {most}"
)


def tool_transitions(settings: Settings, span: Span) -> list[dict[str, Any]]:
    """The pairs of tools that were called one after the other, most calls first.

    Of each: source, target, calls of the target, how many of them succeeded and failed, sessions, and as examples those
    that have most of it. The source is None for the first call of a session in the span.

    Raises:
        UnavailableError: PostgreSQL does not answer.
    """
    query = _QUERY.format(
        chosen=span.chosen(),
        within=span.within(SQL("started_at")),
        of_chosen=span.of_chosen(),
        examples=SQL(str(_EXAMPLES)),
        most=SQL(str(_MOST_TRANSITIONS)),
    )
    with reading(settings) as connection:
        return fetch_dicts(connection, query, span.parameters())
