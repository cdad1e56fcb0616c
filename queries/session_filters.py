"""Which sessions a list shows, as conditions of SQL. Pure."""

from __future__ import annotations

from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

from psycopg.sql import SQL, Composable

from consumers.postgres.adaptation import Millis
from queries.filters import Filters, role_named

_EXACT = SQL("=")
_PATTERN = SQL("LIKE")

_CONDITIONS = {
    "agent": SQL("lower(agent_id) {matches} lower(%(agent)s)"),
    "channel": SQL("lower(channel) {matches} lower(%(channel)s)"),
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
    # A slash before and after each name, so that a pattern finds whole names only.
    "project": SQL("'/' || replace(lower(project), '\\', '/') || '/' {matches} lower(%(project)s)"),
    "since": SQL("last_activity_at >= %(since)s"),
    "until": SQL("created_at < %(until)s"),
}


def conditions(filters: Filters) -> tuple[list[Composable], dict[str, Any]]:
    """The conditions on a row of `sessions`, and their parameters."""
    given = {name: value for name in _CONDITIONS if (value := getattr(filters, name)) is not None}
    found: list[Composable] = []
    parameters: dict[str, Any] = {}
    for name, value in given.items():
        parameters[name], operator = _parameter(name, value)
        found.append(_CONDITIONS[name].format(matches=operator))
    return found, parameters


def _parameter(name: str, value: Any) -> tuple[Any, SQL]:
    if isinstance(value, int):
        return Millis(value), _EXACT
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
