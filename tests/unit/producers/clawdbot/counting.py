"""A plain count of what transcripts say, written without the code that it is compared with."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from schemas.records import Session


@dataclass
class Totals:
    """What is counted of a session: each message once, in however many generations, and under whatever id.

    Attributes:
        entries: Entries of any kind, but for those inherited.
        messages: Messages by role.
        tokens: Tokens of all of them.
        inherited: Entries that a fork copied from its parent.
    """

    entries: int = 0
    messages: dict[str, int] = field(default_factory=dict)
    tokens: int = 0
    inherited: int = 0
    _counted: set[str] = field(default_factory=set, compare=False)

    def add(self, entry: dict[str, Any], *, inherited: bool) -> None:
        """Counts an entry, unless it was counted before."""
        plain = {name: value for name, value in entry.items() if name not in ("id", "parentId", "version")}
        written = json.dumps(plain, sort_keys=True).replace('"hookMessage"', '"custom"')
        if written in self._counted:
            return
        self._counted.add(written)
        if inherited:
            self.inherited += 1
            return
        self.entries += 1
        if entry["type"] == "message":
            role = entry["message"]["role"].replace("hookMessage", "custom")
            self.messages[role] = self.messages.get(role, 0) + 1
            usage = entry["message"].get("usage", {})
            self.tokens += sum(Counter(usage).values())


def totals_of(session: Session) -> Totals:
    """The totals that a session's record states."""
    return Totals(
        entries=session["entry_count"],
        messages=session["messages_by_role"],
        tokens=session["total_tokens"],
        inherited=session["inherited_count"],
    )


def count_lines(totals: Totals, lines: Iterable[bytes]) -> None:
    """Counts the lines of a generation."""
    forked_at = None
    for line in lines:
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        if entry["type"] == "session" and "parentSession" in entry:
            forked_at = entry["timestamp"]
        totals.add(entry, inherited=forked_at is not None and entry["timestamp"] < forked_at)
