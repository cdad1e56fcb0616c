"""Exit codes, the same for every command."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """What a command's exit code says."""

    def __new__(cls, code: int, meaning: str) -> Exit:
        """A code with its meaning."""
        member = int.__new__(cls, code)
        member._value_ = code
        member.meaning = meaning
        return member

    meaning: str

    OK = 0, "It did what was asked."
    FAILED = 1, "Something unexpected went wrong."
    USAGE = 2, "The command line or a setting is wrong, or a prerequisite is missing."
    NOT_FOUND = 3, "The session, generation or topic does not exist."
    UNAVAILABLE = (
        4,
        "A server that is needed does not answer, or `status`, `doctor` or `service status` found something wrong.",
    )
    DIFFERENCES = 5, "`verify` found a store that differs from the log, or what was redriven was refused again."
    INTERRUPTED = 130, "Stopped from the keyboard."
    TERMINATED = 143, "A second SIGTERM ended a worker at once."
