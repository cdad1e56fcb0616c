"""Which messages a search looks at, as filters of OpenSearch: they neither score nor highlight."""

from __future__ import annotations

from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

from queries.filters import Filters, role_named

Clause = dict[str, Any]


def filter_clauses(filters: Filters) -> list[Clause]:
    """What every hit fulfils; inherited messages are hits in the session that they come from only."""
    return [{"bool": {"must_not": {"term": {"inherited": True}}}}, *chunk_clauses(filters)]


def chunk_clauses(filters: Filters) -> list[Clause]:
    """What every passage fulfils; those of inherited messages are not there, as nobody would find them."""
    clauses = _shared_clauses(filters)
    if filters.sender is not None:
        clauses.append(_sender(filters.sender))
    if filters.role is not None:
        clauses.append(_equals("role", role_named(filters.role)))
    if filters.model is not None:
        clauses.append(_model(filters.model))
    if filters.tool is not None:
        clauses.append(_equals("tools_used", filters.tool))
    times = {"gte": filters.since, "lt": filters.until}
    if bounds := {name: time for name, time in times.items() if time is not None}:
        clauses.append({"range": {"timestamp": {**bounds, "format": "epoch_millis"}}})
    return clauses


def session_clauses(filters: Filters) -> list[Clause]:
    """What every session fulfils whose vector is looked at; what asks for facts of messages is left out."""
    clauses = _shared_clauses(filters)
    if filters.since is not None:
        clauses.append({"range": {"last_at": {"gte": filters.since, "format": "epoch_millis"}}})
    if filters.until is not None:
        clauses.append({"range": {"first_at": {"lt": filters.until, "format": "epoch_millis"}}})
    return clauses


def _shared_clauses(filters: Filters) -> list[Clause]:
    """Of facts that a message repeats of its session."""
    clauses: list[Clause] = []
    if filters.agent is not None:
        clauses.append(_equals("agent_id", filters.agent))
    if filters.channel is not None:
        clauses.append(_equals("channel", filters.channel))
    if filters.project is not None:
        clauses.append(_project(filters.project))
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
