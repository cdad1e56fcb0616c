"""What tells facts apart: a fact is counted once, however often and in however many generations it comes."""

from __future__ import annotations

from typing import NamedTuple

from schemas.records import SessionEvent

# 8 bytes: two of a session's 50,000 entries collide with a probability of 7e-11.
_HASH_BYTES = 8


class SessionFacts(NamedTuple):
    """What a message or a tool call repeats of its session, as far as it is known when the record is made.

    Attributes:
        certainty: How many of them are known, and how surely: 0 to 24. It never falls as more is known, so a record
            that repeats better facts has a higher version.
    """

    agent_id: str | None = None
    channel: str | None = None
    cwd: str | None = None
    brand: str | None = None
    session_key: str | None = None
    chat_type: str | None = None
    certainty: int = 0


class Invocation(NamedTuple):
    """What a session counts of a tool call.

    Attributes:
        name: Of the tool.
        outcome: succeeded, failed or pending.
    """

    name: str
    outcome: str


def fact_hash(event: SessionEvent) -> bytes:
    """8 bytes that stand for the fact: what the entry says, or which event it is where there is no entry."""
    return (event["entry_key"] or bytes.fromhex(event["event_id"].replace("-", "")))[:_HASH_BYTES]
