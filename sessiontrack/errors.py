"""Errors whose type is their policy: whether to retry, to set a record aside, or to tell the person."""

from __future__ import annotations


class SessionTrackError(Exception):
    """Base of all errors that SessionTrack raises on purpose.

    Args:
        message: What went wrong and where.
        hint: What to do next; shown to people below the message.
    """

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class TransientError(SessionTrackError):
    """Time heals it (a server is away or overloaded): retried with backoff, never a dead letter.

    Args:
        message: What went wrong and where.
        hint: What to do next.
        retry_after_s: Seconds before which the server wants no other try; None where it did not say.
    """

    def __init__(self, message: str, *, hint: str | None = None, retry_after_s: float | None = None) -> None:
        super().__init__(message, hint=hint)
        self.retry_after_s = retry_after_s


class ConfigurationError(TransientError):
    """A person heals it (a wrong key, a missing model): it waits like what time heals, and is never a dead letter."""


class TerminalError(SessionTrackError):
    """This record can't be processed however often it is tried: it goes to the dead letters."""


class UsageError(SessionTrackError):
    """The person asked for something that can't be had: a bad argument, an unknown or ambiguous session."""


class NotFoundError(UsageError):
    """What was asked for does not exist."""


class UnavailableError(SessionTrackError):
    """A server that is needed does not answer; the hint says how to start it."""
