"""Which messages a search looks at, as filters of OpenSearch: they neither score nor highlight."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

Clause = dict[str, Any]

# What a person calls the role that writes results of tools.
_ROLES = {"tool": "toolResult", "bash": "bashExecution"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchFilters:
    """Which messages; what is None does not filter, and all that is given must hold.

    Case makes no difference, and `*` in a value stands for anything.

    Attributes:
        agent: Agent id.
        channel: Channel.
        sender: Id or name of who wrote it, or a part of the name.
        role: user, assistant, toolResult (or tool), bashExecution, compaction, …
        model: Model, or provider/model, that wrote it.
        tool: Name of a tool that it calls, or whose result it is.
        project: Working folder: an absolute path with all below it, or names that its path contains.
        since: Written at or after this time, epoch milliseconds.
        until: Written before this time, epoch milliseconds.
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


def filter_clauses(filters: SearchFilters) -> list[Clause]:
    """What every hit fulfils; inherited messages are hits in the session that they come from only."""
    clauses: list[Clause] = [{"bool": {"must_not": {"term": {"inherited": True}}}}]
    if filters.agent is not None:
        clauses.append(_equals("agent_id", filters.agent))
    if filters.channel is not None:
        clauses.append(_equals("channel", filters.channel))
    if filters.sender is not None:
        clauses.append(_sender(filters.sender))
    if filters.role is not None:
        clauses.append(_equals("role", _ROLES.get(filters.role.lower(), filters.role)))
    if filters.model is not None:
        clauses.append(_model(filters.model))
    if filters.tool is not None:
        clauses.append(_equals("tools_used", filters.tool))
    if filters.project is not None:
        clauses.append(_project(filters.project))
    times = {"gte": filters.since, "lt": filters.until}
    if bounds := {name: time for name, time in times.items() if time is not None}:
        clauses.append({"range": {"timestamp": {**bounds, "format": "epoch_millis"}}})
    return clauses


def _equals(field: str, value: str) -> Clause:
    kind = "wildcard" if "*" in value else "term"
    return {kind: {field: {"value": value, "case_insensitive": True}}}


def _any(*clauses: Clause) -> Clause:
    return {"bool": {"should": list(clauses), "minimum_should_match": 1}}


def _sender(value: str) -> Clause:
    return _any(
        _equals("sender_id", value), _equals("sender_name", value), {"match_phrase": {"sender_name.parts": value}}
    )


def _model(value: str) -> Clause:
    provider, slash, model = value.partition("/")
    if not slash:
        return _equals("model", value)
    # Some providers have a slash in the names of their models.
    return _any(_equals("model", value), {"bool": {"filter": [_equals("provider", provider), _equals("model", model)]}})


def _project(value: str) -> Clause:
    separator = "\\" if "\\" in value else "/"
    folder = value.rstrip(separator)
    if not (PurePosixPath(value).is_absolute() or PureWindowsPath(value).is_absolute()):
        return _any(_equals("project", value), {"match_phrase": {"project.parts": value}})
    return _any(
        {"term": {"project": folder or separator}},
        {"prefix": {"project": folder + separator}},
    )
