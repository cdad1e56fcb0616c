"""Whether facts fulfil filters, for stores that can't tell by themselves. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

from queries.filters import Filters, role_named


def fulfils(filters: Filters, facts: Mapping[str, Any]) -> bool:
    """Whether a passage or a session is looked at.

    Args:
        filters: All that is given must hold.
        facts: Under the names of the topics' fields; what is missing fulfils nothing.
    """
    name = facts.get("sender_name")
    tests = (
        _is(filters.agent, facts.get("agent_id")),
        _is(filters.channel, facts.get("channel")),
        _is(filters.role and role_named(filters.role), facts.get("role")),
        _is(filters.sender, facts.get("sender_id"), name) or _is_part(filters.sender, name),
        _is(filters.model, facts.get("model"), f"{facts.get('provider')}/{facts.get('model')}"),
        _is(filters.tool, *facts.get("tools_used") or ()),
        filters.project is None or _lies_in(filters.project, facts.get("project")),
        filters.since is None or facts.get("timestamp", facts.get("last_at", -1)) >= filters.since,
        filters.until is None or facts.get("timestamp", facts.get("first_at", filters.until)) < filters.until,
    )
    return all(tests)


def is_folder(project: str) -> bool:
    """Whether a filter names a folder by its whole path, and not by names that are in it."""
    return PurePosixPath(project).is_absolute() or PureWindowsPath(project).is_absolute()


def _is(wanted: str | None, *values: str | None) -> bool:
    return wanted is None or any(_matches(wanted, value) for value in values if value is not None)


def _is_part(wanted: str | None, value: str | None) -> bool:
    return wanted is None or (value is not None and wanted.lower() in value.lower())


def _lies_in(wanted: str, project: str | None) -> bool:
    if project is None:
        return False
    names = wanted.replace("\\", "/").rstrip("/")
    path = f"/{project.replace(chr(92), '/')}/"
    return _matches(f"/{names}/*" if is_folder(wanted) else f"*/{names}/*", path)


def _matches(pattern: str, value: str) -> bool:
    parts: Iterable[str] = map(re.escape, pattern.split("*"))
    return re.fullmatch(".*".join(parts), value, re.IGNORECASE | re.DOTALL) is not None
