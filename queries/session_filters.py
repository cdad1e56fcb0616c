"""Which sessions a list shows, as conditions of SQL. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

from psycopg.sql import SQL, Composable

from consumers.postgres.adaptation import Millis

# What a person calls the role that writes results of tools.
_ROLES = {"tool": "toolResult", "bash": "bashExecution"}
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


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionFilters:
    """Which sessions; what is None does not filter, and all that is given must hold.

    Case makes no difference, and `*` in a value stands for anything.

    Attributes:
        agent: Agent id.
        channel: Channel.
        sender: Id or name of a person who took part, or a part of the name.
        role: A role that wrote at least one message: user, assistant, toolResult (or tool), bashExecution.
        model: Model, or provider/model, that answered at least once.
        tool: Name of a tool that was called.
        project: Working folder: an absolute path with all below it, or names that its path contains.
        since: Active at or after this time, epoch milliseconds.
        until: Begun before this time, epoch milliseconds.
    """

    agent: str | None = None
    channel: str | None = None
    sender: str | None = None
    role: str | None = None
    model: str | None = None
    tool: str | None = None
    project: str | None = None
    since: int | None = None
    until: int | None = None

    def conditions(self) -> tuple[list[Composable], dict[str, Any]]:
        """The conditions on a row of `sessions`, and their parameters."""
        given = {name: value for name in _CONDITIONS if (value := getattr(self, name)) is not None}
        conditions: list[Composable] = []
        parameters: dict[str, Any] = {}
        for name, value in given.items():
            parameters[name], operator = _parameter(name, value)
            conditions.append(_CONDITIONS[name].format(matches=operator))
        return conditions, parameters


def _parameter(name: str, value: Any) -> tuple[Any, SQL]:
    if isinstance(value, int):
        return Millis(value), _EXACT
    if name == "project":
        return _folder_pattern(value), _PATTERN
    if name == "role":
        value = _ROLES.get(value.lower(), value)
    return (_pattern(value), _PATTERN) if "*" in value else (value, _EXACT)


def _pattern(value: str) -> str:
    for special in "\\%_":
        value = value.replace(special, f"\\{special}")
    return value.replace("*", "%")


def _folder_pattern(value: str) -> str:
    absolute = PurePosixPath(value).is_absolute() or PureWindowsPath(value).is_absolute()
    names = _pattern(value.replace("\\", "/").rstrip("/"))
    return f"/{names}/%" if absolute else f"%/{names}/%"
