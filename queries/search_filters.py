"""Which messages a search looks at, as filters of OpenSearch: they neither score nor highlight."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

from queries.filters import Failed, Filters, role_named

Clause = dict[str, Any]

_IS_ERROR: Clause = {"term": {"is_error": True}}
_OF_ASSISTANT: Clause = {"term": {"role": "assistant"}}
_FAILED: dict[Failed, list[Clause]] = {
    "any": [_IS_ERROR],
    "model": [_IS_ERROR, _OF_ASSISTANT],
    "tool": [_IS_ERROR, {"bool": {"must_not": _OF_ASSISTANT}}],
}


def filter_clauses(filters: Filters) -> list[Clause]:
    """What every hit fulfils; inherited messages are hits in the session that they come from only."""
    clauses = [{"bool": {"must_not": {"term": {"inherited": True}}}}, *chunk_clauses(filters)]
    return [*clauses, *_FAILED[filters.failed]] if filters.failed else clauses


def chunk_clauses(filters: Filters) -> list[Clause]:
    """What every passage fulfils; those of inherited messages are not there, as nobody would find them."""
    clauses = _stated(filters, _OF_SESSIONS | _OF_MESSAGES)
    if filters.with_tools:
        clauses.append({"exists": {"field": "tools_used"}})
    times = {"gte": filters.since, "lt": filters.until}
    if bounds := {name: time for name, time in times.items() if time is not None}:
        clauses.append({"range": {"timestamp": {**bounds, "format": "epoch_millis"}}})
    return clauses


def session_clauses(filters: Filters) -> list[Clause]:
    """What every session fulfils whose vector is looked at; what asks for facts of messages is left out."""
    clauses = _stated(filters, _OF_SESSIONS)
    if filters.since is not None:
        clauses.append({"range": {"last_at": {"gte": filters.since, "format": "epoch_millis"}}})
    if filters.until is not None:
        clauses.append({"range": {"first_at": {"lt": filters.until, "format": "epoch_millis"}}})
    return clauses


def session_facts(filters: Filters) -> list[Clause]:
    """What every session fulfils that is found by its title: the facts that it shares with its messages."""
    clauses = _stated(filters, _OF_SESSIONS)
    if filters.since is not None:
        clauses.append({"range": {"last_activity_at": {"gte": filters.since, "format": "epoch_millis"}}})
    if filters.until is not None:
        clauses.append({"range": {"created_at": {"lt": filters.until, "format": "epoch_millis"}}})
    return clauses


def _stated(filters: Filters, clauses: Mapping[str, Callable[[str], Clause]]) -> list[Clause]:
    return [clause(value) for name, clause in clauses.items() if (value := getattr(filters, name)) is not None]


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


# Facts that a message repeats of its session.
_OF_SESSIONS: dict[str, Callable[[str], Clause]] = {
    "agent": partial(_equals, "agent_id"),
    "channel": partial(_equals, "channel"),
    "project": _project,
    "session": lambda value: {"prefix": {"session_id": value}},
}
_OF_MESSAGES: dict[str, Callable[[str], Clause]] = {
    "sender": _sender,
    "role": lambda value: _equals("role", role_named(value)),
    "model": _model,
    "tool": partial(_equals, "tools_used"),
}
