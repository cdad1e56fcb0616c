"""Which sessions a list shows, which messages a search looks at."""

from __future__ import annotations

from dataclasses import dataclass

# What a person calls the role that writes results of tools.
_ROLES = {"tool": "toolResult", "bash": "bashExecution"}


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
        since: Written, or active, at or after this time; epoch milliseconds.
        until: Written, or begun, before this time; epoch milliseconds.
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


def role_named(name: str) -> str:
    """The role that a person means."""
    return _ROLES.get(name.lower(), name)
