"""Sums over sessions: how many, how much, by whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from psycopg.sql import SQL, Composed

from queries.filters import Filters
from queries.postgres import connected, fetch_dicts
from queries.session_filters import session_conditions as conditions_of
from sessiontrack.settings import Settings

# Who has more models, agents or channels than this looks at the largest.
_MOST_GROUPS = 100
_CHOSEN = SQL("WITH chosen AS (SELECT * FROM sessions WHERE {conditions}) ")
_TOTALS = SQL(
    "SELECT count(*) AS sessions, count(*) FILTER (WHERE closed_at IS NULL) AS open_sessions,"
    " min(created_at) AS first_at, max(last_activity_at) AS last_at,"
    " coalesce(sum(message_count), 0)::int8 AS messages, coalesce(sum(error_count), 0)::int8 AS errors,"
    " coalesce(sum(input_tokens), 0)::int8 AS input_tokens, coalesce(sum(output_tokens), 0)::int8 AS output_tokens,"
    " coalesce(sum(total_tokens), 0)::int8 AS total_tokens, coalesce(sum(cost_nanousd), 0)::int8 AS cost_nanousd"
    " FROM chosen"
)
_MODELS = SQL(
    "SELECT provider, model, count(*) AS sessions, sum(calls)::int8 AS calls, sum(errors)::int8 AS errors,"
    " sum(total_tokens)::int8 AS total_tokens, sum(cost_nanousd)::int8 AS cost_nanousd"
    " FROM model_usage WHERE session_id IN (SELECT session_id FROM chosen)"
    " GROUP BY provider, model ORDER BY total_tokens DESC, provider, model LIMIT %(groups)s"
)
_TOOLS = SQL(
    "SELECT name, count(*) AS sessions, sum(calls)::int8 AS calls, sum(failed)::int8 AS failed"
    " FROM chosen, jsonb_to_recordset(tool_invocations) AS tool (name text, calls int8, failed int8)"
    " GROUP BY name ORDER BY calls DESC, name LIMIT %(groups)s"
)


@dataclass(frozen=True, slots=True)
class Statistics:
    """Sums over sessions.

    Attributes:
        totals: sessions, open_sessions, messages, errors, tokens, cost_nanousd, and first_at and last_at in epoch
            milliseconds, which are None where there is no session.
        models: Of each model provider, model, sessions, calls, errors, total_tokens, cost_nanousd; most tokens first.
        tools: Of each tool name, sessions, calls, failed; most calls first.
    """

    totals: dict[str, Any]
    models: list[dict[str, Any]]
    tools: list[dict[str, Any]]


def statistics(settings: Settings, filters: Filters) -> Statistics:
    """Sums over the sessions that filters choose, as of one moment.

    Raises:
        UnavailableError: PostgreSQL does not answer.
    """
    conditions, parameters = conditions_of(filters)
    parameters["groups"] = _MOST_GROUPS
    chosen = _CHOSEN.format(conditions=SQL(" AND ").join(conditions) if conditions else SQL("true"))

    def ask(query: SQL) -> list[dict[str, Any]]:
        return fetch_dicts(connection, Composed([chosen, query]), parameters)

    with connected(settings) as connection:
        return Statistics(ask(_TOTALS)[0], ask(_MODELS), ask(_TOOLS))
