"""What a check found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "warning", "wrong"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found.

    Attributes:
        check: What was looked at.
        level: `ok`; `warning`: it works, but not for ever or not in all; `wrong`: something does not work.
        found: What is the case.
        mend: The command, or the change, that mends it; empty where all is well.
    """

    check: str
    level: Level
    found: str
    mend: str = ""


def ok(check: str, found: str) -> Finding:
    """All is well."""
    return Finding(check, "ok", found)


def warning(check: str, found: str, mend: str) -> Finding:
    """It works, but not for ever or not in all."""
    return Finding(check, "warning", found, mend)


def wrong(check: str, found: str, mend: str) -> Finding:
    """Something does not work."""
    return Finding(check, "wrong", found, mend)
