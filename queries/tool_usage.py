"""Which tools were called in a span of time, how that ended, and how long it took."""

from __future__ import annotations

from typing import Any

from psycopg.sql import SQL

from queries.postgres import fetch_dicts
from queries.spans import Span, reading
from sessiontrack.settings import Settings

# Who has more tools than this looks at those that are called most.
_MOST_TOOLS = 100
_QUERY = SQL(
    "WITH {chosen} SELECT name, count(DISTINCT session_id) AS sessions, count(*) AS calls,"
    " count(*) FILTER (WHERE outcome = 'succeeded') AS succeeded, count(*) FILTER (WHERE outcome = 'failed') AS failed,"
    " count(*) FILTER (WHERE outcome = 'pending') AS pending,"
    " percentile_disc(0.5) WITHIN GROUP (ORDER BY duration_ms) AS median_ms,"
    " percentile_disc(0.95) WITHIN GROUP (ORDER BY duration_ms) AS p95_ms"
    " FROM tool_calls WHERE NOT inherited AND {within} AND {of_chosen}"
    " GROUP BY name ORDER BY calls DESC, name LIMIT {most}"
)


def tool_usage(settings: Settings, span: Span) -> list[dict[str, Any]]:
    """The tools that were called, most calls first.

    Of each: name, sessions, calls, succeeded, failed, pending, and `median_ms` and `p95_ms`, than which half and 95 %
    of its calls took no longer, in milliseconds; None where that is not known.

    Raises:
        UnavailableError: PostgreSQL does not answer.
    """
    query = _QUERY.format(
        chosen=span.chosen(),
        within=span.within(SQL("started_at")),
        of_chosen=span.of_chosen(),
        most=SQL(str(_MOST_TOOLS)),
    )
    with reading(settings) as connection:
        return fetch_dicts(connection, query, span.parameters())
