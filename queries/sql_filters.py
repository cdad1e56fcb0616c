"""Filters as conditions of SQL: on messages, on passages and vectors of sessions in a search. Pure."""

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

SHARED = {
    "agent": SQL("lower(agent_id) {matches} lower(%(agent)s)"),
    "channel": SQL("lower(channel) {matches} lower(%(channel)s)"),
    # A slash before and after each name, so that a pattern finds whole names only.
    "project": SQL("'/' || replace(lower(project), '\\', '/') || '/' {matches} lower(%(project)s)"),
    "session": SQL("session_id ^@ %(session)s"),
}
_CHUNKS = SHARED | {
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
_FAILED = {
    "any": SQL("is_error"),
    "model": SQL("is_error AND role = 'assistant'"),
    "tool": SQL("is_error AND role <> 'assistant'"),
}
_SESSION_VECTORS = SHARED | {"since": SQL("last_at >= %(since)s"), "until": SQL("first_at < %(until)s")}


def message_conditions(filters: Filters) -> Conditions:
    """The conditions on a message; inherited ones are hits in the session that they come from only."""
    found, parameters = conditions_of(_CHUNKS, filters)
    failed = [_FAILED[filters.failed]] if filters.failed else []
    return [SQL("NOT inherited"), *failed, *found], parameters


def chunk_conditions(filters: Filters) -> Conditions:
    """The conditions on a passage; those of inherited messages are not there, as nobody would find them."""
    return conditions_of(_CHUNKS, filters)


def session_vector_conditions(filters: Filters) -> Conditions:
    """The conditions on the vector of a session; what asks for facts of messages is left out."""
    return conditions_of(_SESSION_VECTORS, filters)


def conditions_of(by_name: Mapping[str, SQL], filters: Filters) -> Conditions:
    """The conditions of the filters that are given, of those that have one by their name, and their parameters."""
    found: list[Composable] = []
    parameters: dict[str, Any] = {}
    for name, condition in by_name.items():
        value = getattr(filters, name)
        if value is None or value is False:
            continue
        parameters[name], operator = parameter_of(name, value)
        found.append(condition.format(matches=operator))
    return found, parameters


def parameter_of(name: str, value: Any) -> tuple[Any, SQL]:
    """What a filter's value is compared with, and the operator that compares."""
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
