"""What sessions did in a span of time: messages, tokens and cost by day, hour, model, channel and agent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from psycopg.sql import SQL, Composable

from queries.postgres import fetch_dicts
from queries.quarters import quarters
from queries.spans import Span, reading
from sessiontrack.settings import Settings

# Who has more models, agents or channels than this looks at the largest.
_MOST_GROUPS = 100
# As many as lead on from a figure that no filter describes.
_EXAMPLES = 3

# What people and models said counts as a message, as in the totals of a session; its tokens count whoever used them.
# Of each session, quarter of an hour and model a row: what is asked of models is made of these.
_SPOKEN = SQL(
    "spoken AS MATERIALIZED (SELECT date_trunc('hour', quarter AT TIME ZONE %(zone)s) AS hour, summed.*"
    " FROM ({quarters}) AS summed WHERE {of_chosen})"
)
_SUMS = SQL(
    "coalesce(sum(messages), 0)::int8 AS messages, coalesce(sum(errors), 0)::int8 AS errors,"
    " coalesce(sum(total_tokens), 0)::int8 AS total_tokens, coalesce(sum(cost_nanousd), 0)::int8 AS cost_nanousd"
)
# Of each session and hour: all else is made of these.
_HOURLY = SQL(
    "hourly AS MATERIALIZED (SELECT session_id, hour, sum(calls)::int8 AS calls, {sums} FROM spoken GROUP BY 1, 2)"
)
_DID = SQL("did AS (SELECT session_id, {sums} FROM hourly GROUP BY 1)")
# A session is active in a period in which it begins, says something, or does what it did last: so /v1/sessions has it.
_ACTIVE = SQL(
    "active AS (SELECT date_trunc(%(unit)s, hour) AS period, session_id FROM hourly"
    " UNION SELECT date_trunc(%(unit)s, created_at AT TIME ZONE %(zone)s), session_id FROM chosen WHERE {begun}"
    " UNION SELECT date_trunc(%(unit)s, last_activity_at AT TIME ZONE %(zone)s), session_id FROM chosen WHERE {last})"
)
_PERIOD = SQL(
    "to_char(period, 'YYYY-MM-DD') AS day,"
    " floor(extract(epoch FROM period AT TIME ZONE %(zone)s) * 1000)::int8 AS since,"
    " floor(extract(epoch FROM (period + ('1 ' || %(unit)s)::interval) AT TIME ZONE %(zone)s) * 1000)::int8 AS until"
)
_PERIODS = SQL(
    "SELECT {period}, counted.sessions, {sums} FROM"
    " (SELECT period, count(*) AS sessions FROM active GROUP BY period) AS counted"
    " LEFT JOIN (SELECT date_trunc(%(unit)s, hour) AS period, hourly.* FROM hourly) AS hourly USING (period)"
    " GROUP BY period, counted.sessions ORDER BY period"
)
_HOURS = SQL(
    "SELECT weekday, hour, sum(messages)::int8 AS messages, count(*) AS sessions,"
    " (array_agg(session_id ORDER BY messages DESC, session_id))[1:{examples}] AS examples"
    " FROM (SELECT extract(isodow FROM hour)::int4 AS weekday, extract(hour FROM hour)::int4 AS hour, session_id,"
    " sum(messages) AS messages FROM hourly GROUP BY 1, 2, 3) AS cell"
    " WHERE messages > 0 GROUP BY weekday, hour ORDER BY weekday, hour"
)
_MODELS = SQL(
    "SELECT provider, model, count(*) AS sessions, sum(calls)::int8 AS calls,"
    " sum(call_errors)::int8 AS errors, sum(total_tokens)::int8 AS total_tokens,"
    " sum(cost_nanousd)::int8 AS cost_nanousd FROM (SELECT session_id, provider, model, sum(calls) AS calls,"
    " sum(call_errors) AS call_errors, sum(total_tokens) AS total_tokens, sum(cost_nanousd) AS cost_nanousd"
    " FROM spoken WHERE model <> '' GROUP BY session_id, provider, model) AS used"
    " GROUP BY provider, model ORDER BY total_tokens DESC, provider, model LIMIT {groups}"
)
_GROUPS = SQL(
    "SELECT {column} AS name, count(*) AS sessions, {sums} FROM chosen"
    " LEFT JOIN did USING (session_id) GROUP BY {column} ORDER BY messages DESC, name LIMIT {groups}"
)
_TOTALS = SQL(
    "SELECT (SELECT count(*) FROM chosen) AS sessions, coalesce(sum(calls), 0)::int8 AS calls, {sums} FROM hourly"
)
_MODEL_PERIODS = SQL(
    "SELECT {period}, provider, model, count(*) AS sessions, sum(calls)::int8 AS calls,"
    " sum(total_tokens)::int8 AS total_tokens, sum(cost_nanousd)::int8 AS cost_nanousd"
    " FROM (SELECT date_trunc(%(unit)s, hour) AS period, session_id, provider, model, sum(calls) AS calls,"
    " sum(total_tokens) AS total_tokens, sum(cost_nanousd) AS cost_nanousd"
    " FROM spoken WHERE model <> '' GROUP BY 1, 2, 3, 4) AS used"
    " GROUP BY period, provider, model ORDER BY period, total_tokens DESC, provider, model"
)


@dataclass(frozen=True, slots=True)
class Activity:
    """What sessions did. Sums are messages, errors, total_tokens and cost_nanousd; `sessions` how many took part.

    Attributes:
        totals: Sessions that are chosen, calls of models, sums.
        periods: Of each period in which something happened its first day, since and until in epoch milliseconds,
            sessions, sums; by time.
        hours: Of each weekday (1 is Monday) and hour: messages, sessions, and as examples those with the most messages.
        models: Of each provider and model sessions, calls, errors, total_tokens, cost_nanousd; most tokens first.
        channels: Of each channel, None among them, sessions and sums; most messages first.
        agents: Likewise of each agent.
    """

    totals: dict[str, Any]
    periods: list[dict[str, Any]]
    hours: list[dict[str, Any]]
    models: list[dict[str, Any]]
    channels: list[dict[str, Any]]
    agents: list[dict[str, Any]]


def activity(settings: Settings, span: Span) -> Activity:
    """What the sessions of a span did in it, as of one moment.

    Raises:
        UsageError: There is no such time zone.
        UnavailableError: PostgreSQL does not answer.
    """
    groups = {"sums": _SUMS, "groups": SQL(str(_MOST_GROUPS))}
    found = _fold(
        settings,
        span,
        totals=_TOTALS.format(sums=_SUMS),
        periods=_PERIODS.format(period=_PERIOD, sums=_SUMS),
        hours=_HOURS.format(examples=SQL(str(_EXAMPLES))),
        models=_MODELS.format(groups=groups["groups"]),
        channels=_GROUPS.format(column=SQL("channel"), **groups),
        agents=_GROUPS.format(column=SQL("agent_id"), **groups),
    )
    (found["totals"],) = found["totals"]
    return Activity(**found)


def model_periods(settings: Settings, span: Span) -> list[dict[str, Any]]:
    """Which models answered in each period.

    Of each period and model: day, since, until, provider, model, sessions, calls, total_tokens, cost_nanousd; by time.

    Raises:
        UsageError: There is no such time zone.
        UnavailableError: PostgreSQL does not answer.
    """
    found: list[dict[str, Any]] = _fold(settings, span, periods=_MODEL_PERIODS.format(period=_PERIOD))["periods"]
    return found


def _fold(settings: Settings, span: Span, **parts: Composable) -> dict[str, Any]:
    """The rows of several queries over the same sums, which are read once for all of them."""
    selected = [
        SQL("(SELECT coalesce(json_agg(row_to_json(part)), '[]') FROM ({}) AS part) AS {}").format(query, SQL(name))
        for name, query in parts.items()
    ]
    query = SQL("WITH {chosen}, {spoken}, {hourly}, {did}, {active} SELECT {selected}").format(
        chosen=span.chosen(),
        hourly=_HOURLY.format(sums=_SUMS),
        did=_DID.format(sums=_SUMS),
        spoken=_SPOKEN.format(quarters=quarters(span.filters, span.of_chosen()), of_chosen=span.of_chosen()),
        active=_ACTIVE.format(begun=span.within(SQL("created_at")), last=span.within(SQL("last_activity_at"))),
        selected=SQL(", ").join(selected),
    )
    with reading(settings) as connection:
        return fetch_dicts(connection, query, span.parameters())[0]
