"""Filters as conditions of SQL: on sessions in a list, on passages and vectors of sessions in a search. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

from psycopg.sql import SQL, Composable

from consumers.postgres.adaptation import Millis
from queries.filters import Filters, role_named

Conditions = tuple[list[Composable], dict[str, Any]]
"""What each row fulfils, and the parameters of it."""

_EXACT = SQL("=")
_PATTERN = SQL("LIKE")

_SHARED = {
    "agent": SQL("lower(agent_id) {matches} lower(%(agent)s)"),
    "channel": SQL("lower(channel) {matches} lower(%(channel)s)"),
    # A slash before and after each name, so that a pattern finds whole names only.
    "project": SQL("'/' || replace(lower(project), '\\', '/') || '/' {matches} lower(%(project)s)"),
    "session": SQL("session_id ^@ %(session)s"),
}
_SESSIONS = _SHARED | {
    "sender": SQL(
        "EXISTS (SELECT FROM jsonb_to_recordset(participants) AS participant (kind text, id text, name text)"
        " WHERE kind = 'user' AND (lower(id) {matches} lower(%(sender)s) OR lower(name) {matches} lower(%(sender)s)"
        " OR strpos(lower(name), lower(%(sender)s)) > 0))"
    ),
    "role": SQL(
        "EXISTS (SELECT FROM jsonb_object_keys(messages_by_role) AS role WHERE lower(role) {matches} lower(%(role)s))"
    ),
    "model": SQL(
        "session_id IN (SELECT session_id FROM model_usage WHERE lower(model) {matches} lower(%(model)s)"
        " OR lower(provider || '/' || model) {matches} lower(%(model)s))"
    ),
    "tool": SQL(
        "EXISTS (SELECT FROM jsonb_to_recordset(tool_invocations) AS tool (name text)"
        " WHERE lower(name) {matches} lower(%(tool)s))"
    ),
    "failed": SQL("error_count > 0"),
    "with_tools": SQL("jsonb_array_length(tool_invocations) > 0"),
    "since": SQL("last_activity_at >= %(since)s"),
    "until": SQL("created_at < %(until)s"),
}
# Where a tool or a model is named, an error of another one is not what is asked for; where both are, one of either is.
_SESSIONS_WHERE_IT_FAILED = {
    "tool": SQL(
        "EXISTS (SELECT FROM jsonb_to_recordset(tool_invocations) AS tool (name text, failed bigint)"
        " WHERE failed > 0 AND lower(name) {matches} lower(%(tool)s))"
    ),
    "model": SQL(
        "session_id IN (SELECT session_id FROM model_usage WHERE errors > 0"
        " AND (lower(model) {matches} lower(%(model)s) OR lower(provider || '/' || model) {matches} lower(%(model)s)))"
    ),
}
# Of a session that began before a span and went on after it, what it said in the span counts.
_ACTIVE_WITHIN = SQL(
    "(created_at >= %(since)s OR last_activity_at < %(until)s OR EXISTS (SELECT FROM messages AS said"
    " WHERE said.session_id = sessions.session_id AND NOT said.inherited"
    " AND said.timestamp >= %(since)s AND said.timestamp < %(until)s))"
)
_CHUNKS = _SHARED | {
    "sender": SQL(
        "(lower(sender_id) {matches} lower(%(sender)s) OR lower(sender_name) {matches} lower(%(sender)s)"
        " OR strpos(lower(sender_name), lower(%(sender)s)) > 0)"
    ),
    "role": SQL("lower(role) {matches} lower(%(role)s)"),
    "model": SQL(
        "(lower(model) {matches} lower(%(model)s) OR lower(provider || '/' || model) {matches} lower(%(model)s))"
    ),
    "tool": SQL(
        "EXISTS (SELECT FROM jsonb_array_elements_text(tools_used) AS tool (name)"
        " WHERE lower(name) {matches} lower(%(tool)s))"
    ),
    "with_tools": SQL("jsonb_array_length(tools_used) > 0"),
    "since": SQL("timestamp >= %(since)s"),
    "until": SQL("timestamp < %(until)s"),
}
_MESSAGES = _CHUNKS | {"failed": SQL("is_error")}
_SESSION_VECTORS = _SHARED | {"since": SQL("last_at >= %(since)s"), "until": SQL("first_at < %(until)s")}


def session_conditions(filters: Filters) -> Conditions:
    """The conditions on a row of `sessions`, and their parameters."""
    found, parameters = _conditions(_SESSIONS, filters)
    failing = _conditions(_SESSIONS_WHERE_IT_FAILED, filters)[0] if filters.failed else []
    if failing:
        found.append(SQL("({})").format(SQL(" OR ").join(failing)))
    return [*found, _ACTIVE_WITHIN] if {"since", "until"} <= parameters.keys() else found, parameters


def message_conditions(filters: Filters) -> Conditions:
    """The conditions on a message; inherited ones are hits in the session that they come from only."""
    found, parameters = _conditions(_MESSAGES, filters)
    return [SQL("NOT inherited"), *found], parameters


def chunk_conditions(filters: Filters) -> Conditions:
    """The conditions on a passage; those of inherited messages are not there, as nobody would find them."""
    return _conditions(_CHUNKS, filters)


def session_vector_conditions(filters: Filters) -> Conditions:
    """The conditions on the vector of a session; what asks for facts of messages is left out."""
    return _conditions(_SESSION_VECTORS, filters)


def _conditions(by_name: Mapping[str, SQL], filters: Filters) -> Conditions:
    found: list[Composable] = []
    parameters: dict[str, Any] = {}
    for name, condition in by_name.items():
        value = getattr(filters, name)
        if value is None or value is False:
            continue
        parameters[name], operator = _parameter(name, value)
        found.append(condition.format(matches=operator))
    return found, parameters


def _parameter(name: str, value: Any) -> tuple[Any, SQL]:
    if name in ("since", "until"):
        return Millis(value), _EXACT
    if name == "session" or value is True:
        return value, _EXACT
    if name == "project":
        return _folder_pattern(value), _PATTERN
    if name == "role":
        value = role_named(value)
    return (_pattern(value), _PATTERN) if "*" in value else (value, _EXACT)


def _pattern(value: str) -> str:
    for special in "\\%_":
        value = value.replace(special, f"\\{special}")
    return value.replace("*", "%")


def _folder_pattern(value: str) -> str:
    absolute = PurePosixPath(value).is_absolute() or PureWindowsPath(value).is_absolute()
    names = _pattern(value.replace("\\", "/").rstrip("/"))
    return f"/{names}/%" if absolute else f"%/{names}/%"
