"""A day, or any short span, across agents: which sessions were at work when, and where they overlap."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from psycopg.sql import SQL

from queries.postgres import fetch_dicts
from queries.spans import Span, reading
from sessiontrack.settings import Settings

# Who is quiet for longer has stopped for a while.
QUIET_MINUTES = 10
# More bars than a wide screen has room for.
_MOST_STRETCHES = 2_000
# Two steps through the same index: where a stretch begins, then what it comes to.
_QUERY = SQL(
    "WITH {chosen}, said AS (SELECT session_id, timestamp, is_error, model_call, total_tokens,"
    " timestamp - lag(timestamp) OVER (PARTITION BY session_id ORDER BY timestamp)"
    " > interval '{quiet} minutes' AS begins"
    " FROM messages WHERE NOT inherited AND {within} AND {of_chosen}),"
    " numbered AS (SELECT *, count(*) FILTER (WHERE begins)"
    " OVER (PARTITION BY session_id ORDER BY timestamp) AS stretch"
    " FROM said),"
    " stretches AS (SELECT session_id, min(timestamp) AS begin, max(timestamp) AS end, count(*) AS messages,"
    " count(*) FILTER (WHERE is_error) AS errors, count(*) FILTER (WHERE model_call) AS model_calls,"
    " sum(total_tokens)::int8 AS total_tokens FROM numbered GROUP BY session_id, stretch)"
    " SELECT stretches.*, agent_id, channel, title, parent_session_id FROM stretches JOIN sessions USING (session_id)"
    " ORDER BY begin, session_id LIMIT {most}"
)


@dataclass(frozen=True, slots=True)
class Day:
    """What happened in a span.

    Attributes:
        stretches: Of each time at which a session was at work without a long pause: session_id, title, agent_id,
            channel, parent_session_id, begin and end in epoch milliseconds, messages, model_calls, errors,
            total_tokens; by their begin.
        complete: Whether these are all.
        most_at_once: How many sessions were at work at the same time, at most.
        overlap_ms: For how long more than one was, milliseconds.
        busy_ms: For how long any was.
    """

    stretches: list[dict[str, Any]]
    complete: bool
    most_at_once: int
    overlap_ms: int
    busy_ms: int


def day(settings: Settings, span: Span) -> Day:
    """What the sessions of a span did, side by side.

    Raises:
        UnavailableError: PostgreSQL does not answer.
    """
    query = _QUERY.format(
        chosen=span.chosen(),
        quiet=SQL(str(QUIET_MINUTES)),
        within=span.within(SQL("timestamp")),
        of_chosen=span.of_chosen(),
        most=SQL(str(_MOST_STRETCHES + 1)),
    )
    with reading(settings) as connection:
        found = fetch_dicts(connection, query, span.parameters())
    stretches = found[:_MOST_STRETCHES]
    at_once = overlaps((each["begin"], each["end"]) for each in stretches)
    return Day(stretches, len(found) <= _MOST_STRETCHES, *at_once)


def overlaps(spans: Iterable[tuple[int, int]]) -> tuple[int, int, int]:
    """How many spans there are at the same time at most, for how long more than one, and for how long any.

    Args:
        spans: Begin and end of each, in whatever unit; the time is in that.
    """
    # At the same moment what begins comes first: a span without length is there at its moment.
    steps = sorted(step for begin, end in spans for step in ((begin, 0, 1), (end, 1, -1)))
    present, most, several, any_, before = 0, 0, 0, 0, 0
    for at, _, change in steps:
        several += (at - before) if present > 1 else 0
        any_ += (at - before) if present > 0 else 0
        present, before = present + change, at
        most = max(most, present)
    return most, several, any_
