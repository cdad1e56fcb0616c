"""Filters as conditions of SQL on sessions. Pure.

Where a span is asked for, a session counts for what it did in it, whatever it did before and after: so a figure of a
span leads to the sessions behind it.
"""

from __future__ import annotations

from dataclasses import dataclass

from psycopg.sql import SQL, Composable

from queries.filters import Filters
from queries.quarters import quarters, whole_quarters
from queries.sql_bounds import within
from queries.sql_filters import SHARED, Conditions, conditions_of

_FACTS = SHARED | {
    "sender": SQL(
        "EXISTS (SELECT FROM jsonb_to_recordset(participants) AS participant (kind text, id text, name text)"
        " WHERE kind = 'user' AND (lower(id) {matches} lower(%(sender)s) OR lower(name) {matches} lower(%(sender)s)"
        " OR strpos(lower(name), lower(%(sender)s)) > 0))"
    ),
    "role": SQL(
        "EXISTS (SELECT FROM jsonb_object_keys(messages_by_role) AS role WHERE lower(role) {matches} lower(%(role)s))"
    ),
    "with_tools": SQL("jsonb_array_length(tool_invocations) > 0"),
    "since": SQL("last_activity_at >= %(since)s"),
    "until": SQL("created_at < %(until)s"),
}
# Of a session that began before a span and went on after it, what it said in the span counts.
_ACTIVE_WITHIN = SQL(
    "(created_at >= %(since)s OR last_activity_at < %(until)s OR EXISTS (SELECT FROM messages AS said"
    " WHERE said.session_id = sessions.session_id AND NOT said.inherited"
    " AND said.timestamp >= %(since)s AND said.timestamp < %(until)s))"
)

_TOOL = {"tool": SQL("lower(name) {matches} lower(%(tool)s)")}
_MODEL = {
    "model": SQL(
        "(lower(model) {matches} lower(%(model)s) OR lower(provider || '/' || model) {matches} lower(%(model)s))"
    )
}


@dataclass(frozen=True, slots=True)
class _Uses:
    """Where the tools and the models are told that a session used.

    Attributes:
        tools: That it called tools that fulfil conditions.
        tool_failed: The condition on those that failed.
        models: That models that fulfil conditions answered in it.
        model_failed: The condition on those that failed.
        failed: That anything failed in it.
    """

    tools: SQL
    tool_failed: SQL
    models: SQL
    model_failed: SQL
    failed: SQL


_EVER = _Uses(
    tools=SQL(
        "EXISTS (SELECT FROM jsonb_to_recordset(tool_invocations) AS tool (name text, failed bigint)"
        " WHERE {conditions})"
    ),
    tool_failed=SQL("failed > 0"),
    models=SQL("session_id IN (SELECT session_id FROM model_usage WHERE {conditions})"),
    model_failed=SQL("errors > 0"),
    failed=SQL("error_count > 0"),
)
_WITHIN = _Uses(
    tools=SQL("session_id IN (SELECT session_id FROM tool_calls WHERE NOT inherited AND {started} AND {conditions})"),
    tool_failed=SQL("outcome = 'failed'"),
    models=SQL("session_id IN (SELECT session_id FROM ({spoken}) AS spoken WHERE {conditions})"),
    model_failed=SQL("call_errors > 0"),
    failed=SQL("session_id IN (SELECT session_id FROM ({spoken}) AS spoken WHERE errors > 0)"),
)
_AND = SQL(" AND ")


def session_conditions(filters: Filters) -> Conditions:
    """The conditions on a row of `sessions`, and their parameters."""
    facts, parameters = conditions_of(_FACTS, filters)
    if filters.since is not None and filters.until is not None:
        facts.append(_ACTIVE_WITHIN)
    uses, named = _uses(filters)
    return facts + uses, parameters | named | whole_quarters(filters)


def _uses(filters: Filters) -> Conditions:
    """What the session is to have used."""
    told = _EVER if filters.since is None and filters.until is None else _WITHIN
    tools, tool = conditions_of(_TOOL, filters)
    models, model = conditions_of(_MODEL, filters)
    if filters.failed == "tool":
        tools.append(told.tool_failed)
    if filters.failed == "model":
        models.append(told.model_failed)
    span = {"started": within(filters, SQL("started_at")), "spoken": quarters(filters)}
    found: list[Composable] = [told.failed.format(**span)] if filters.failed == "any" else []
    for where, conditions in ((told.tools, tools), (told.models, models)):
        if conditions:
            found.append(where.format(conditions=_AND.join(conditions), **span))
    return found, tool | model
