"""The hash chains of the transcripts: each line leads from the one before, and its bytes give its chain."""

from __future__ import annotations

from hashlib import sha256

from queries.verify.comparison import Dataset, Difference, DifferenceKind
from queries.verify.ledger import Ledger
from schemas.records import Payload, SessionEvent
from sessiontrack.identity import GENESIS, event_id

LINES = Dataset("log", "lines")
# Where the ledger knows of an event: the table of all of them.
EVENTS = Dataset("postgres", "events")


def check_chain(ledger: Ledger, event: SessionEvent) -> None:
    """Checks that an event, a line or the head of a generation, follows a line that is there, and notes it if not.

    The line before may still come: it mends the fault.

    Args:
        ledger: Expects all events that came before this one, and this one.
        event: The event; one without a chain does not matter.
    """
    chain, previous, payload = event["chain"], event["previous_chain"], event["payload"]
    if chain is None:
        return
    if event["kind"] == "TRANSCRIPT_HEAD":
        _await(ledger, event, chain, "the last line of a generation is not in the log")
    elif previous is not None and payload is not None:
        ledger.add("lines", 1)
        ledger.mend(event["event_id"])
        _await(ledger, event, previous, f"the line before line {event['line_number']} is not in the log")
        if chain_of(previous, payload) != chain:
            ledger.fault(_fault(event, "altered", "its bytes do not give its chain"))


def chain_of(previous: bytes, payload: Payload) -> bytes | None:
    """The chain that a line's bytes give; None where it has none."""
    if payload["reference"] is not None:
        return sha256(previous + payload["reference"]["sha256"]).digest()
    return None if payload["raw"] is None else sha256(previous + sha256(payload["raw"]).digest()).digest()


def _await(ledger: Ledger, event: SessionEvent, chain: bytes, detail: str) -> None:
    """A line's id is made of its chain, so that a chain says which event it takes."""
    session_id = event["session_id"]
    line = event_id(event["family"], session_id, chain)
    if chain != GENESIS and not ledger.expects(EVENTS, session_id, line):
        ledger.fault(_fault(event, "missing", detail), awaited=line)


def _fault(event: SessionEvent, kind: DifferenceKind, detail: str) -> Difference:
    return Difference(*LINES, kind, event["event_id"], event["session_id"], detail)
