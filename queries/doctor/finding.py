"""What a check found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Level = Literal["ok", "warning", "wrong"]
Fact = str | int | float


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found.

    Attributes:
        check: What was looked at.
        level: `ok`; `warning`: it works, but not for ever or not in all; `wrong`: something does not work.
        found: What is the case.
        mend: The command, or the change, that mends it; empty where all is well.
        code: Names what is the case to programs, which put it into words of another language; empty of checks that
            only people read.
        facts: What `found` states in numbers and names, by what each is.
    """

    check: str
    level: Level
    found: str
    mend: str = ""
    code: str = ""
    facts: Mapping[str, Fact] = field(default_factory=dict)


def ok(check: str, found: str, code: str = "", **facts: Fact) -> Finding:
    """All is well."""
    return Finding(check, "ok", found, "", code, facts)


def warning(check: str, found: str, mend: str, code: str = "", **facts: Fact) -> Finding:
    """It works, but not for ever or not in all."""
    return Finding(check, "warning", found, mend, code, facts)


def wrong(check: str, found: str, mend: str, code: str = "", **facts: Fact) -> Finding:
    """Something does not work."""
    return Finding(check, "wrong", found, mend, code, facts)
