"""Which sessions a list shows, which messages a search looks at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from queries.times import parse_time
from sessiontrack.errors import UsageError

# Longer than any name and any path: what is longer filters everything out, and costs the stores much.
MOST_CHARACTERS = 1_024
# Each may begin anywhere: what a store tries grows with every one of them.
MOST_WILDCARDS = 8
# What a person calls the role that writes results of tools.
_ROLES = {"tool": "toolResult", "bash": "bashExecution"}

Failed = Literal["any", "tool", "model"]
"""Whose errors are meant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What is None does not filter, and all that is given must hold.

    Case makes no difference, and `*` in a value stands for anything.

    Attributes:
        agent: Agent id.
        channel: Channel.
        sender: Id or name of who wrote, or a part of the name.
        role: user, assistant, toolResult (or tool), bashExecution, compaction, …
        model: Model, or provider/model, that answered.
        tool: Name of a tool that was called.
        project: Working folder: an absolute path with all below it, or names that its path contains.
        session: A session's id, or the beginning of it.
        since: Written, or active, at or after this time; epoch milliseconds.
        until: Written, or begun, before this time; epoch milliseconds.
        failed: Only what is an error: of a tool, of a model, or of either. Of sessions those that have one; of the
            tool or the model that is named, where one is.
        with_tools: Only what calls tools, or is the result of one.
    """

    agent: str | None = None
    channel: str | None = None
    sender: str | None = None
    role: str | None = None
    model: str | None = None
    tool: str | None = None
    project: str | None = None
    session: str | None = None
    since: int | None = None
    until: int | None = None
    failed: Failed | None = None
    with_tools: bool = False


def role_named(name: str) -> str:
    """The role that a person means."""
    return _ROLES.get(name.lower(), name)


def parse_filters(*, since: str | None = None, until: str | None = None, **values: str | None) -> Filters:
    """The filters that a person states.

    Args:
        since: A time, as `queries.times` reads it.
        until: A time; of a day, its end.
        **values: The other filters by their names.

    Raises:
        UsageError: A value is too long, is not to be read, or is no time.
    """
    for name, value in values.items():
        _check(name, value or "")
    given: dict[str, Any] = dict(values)
    return Filters(
        **given,
        since=None if since is None else parse_time(since),
        until=None if until is None else parse_time(until, end=True),
    )


def _check(name: str, value: str) -> None:
    if len(value) > MOST_CHARACTERS:
        raise UsageError(
            f"the filter {name!r} has {len(value):,} characters, the most is {MOST_CHARACTERS:,}",
            hint="A part of the name with a * before and after it will do.",
        )
    if value.count("*") > MOST_WILDCARDS:
        raise UsageError(f"the filter {name!r} has more than {MOST_WILDCARDS} *", hint="Give more of the name.")
    # As the stores refuse it: no name has a control character, and a lone surrogate is no text.
    if any(character < " " or "\ud800" <= character <= "\udfff" for character in value):
        raise UsageError(f"the filter {name!r} holds a control character", hint="Give the name as it is shown.")
