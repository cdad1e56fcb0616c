"""The hash chains of the transcripts: each line leads from the one before, and its bytes give its chain. Pure."""

from __future__ import annotations

from hashlib import sha256
from typing import NamedTuple

from queries.verify.ledger import Ledger
from schemas.records import Payload, SessionEvent
from sessiontrack.identity import GENESIS


class Link(NamedTuple):
    """A line, as far as its chain goes."""

    event_id: str
    previous: bytes
    line_number: int | None


class ChainCheck:
    """Checks the lines of some sessions; told to a ledger of `log/lines`."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._links: dict[tuple[str, bytes], Link] = {}
        self._heads: list[tuple[str, str, bytes]] = []

    def add(self, event: SessionEvent) -> None:
        """Takes an event; those without a chain do not matter."""
        chain, previous, payload = event["chain"], event["previous_chain"], event["payload"]
        if chain is None:
            return
        if event["kind"] == "TRANSCRIPT_HEAD":
            self._heads.append((event["event_id"], event["session_id"], chain))
        elif previous is not None and payload is not None:
            self._ledger.expect(event["event_id"], b"", event["session_id"])
            self._links[event["session_id"], chain] = Link(event["event_id"], previous, event["line_number"])
            if chain_of(previous, payload) != chain:
                self._ledger.differ(
                    "altered", event["event_id"], event["session_id"], "its bytes do not give its chain"
                )

    def close(self) -> None:
        """Checks that every line, and every head of a generation, follows a line that is there."""
        for (session_id, _), link in self._links.items():
            if link.previous != GENESIS and (session_id, link.previous) not in self._links:
                self._ledger.differ(
                    "missing", link.event_id, session_id, f"the line before line {link.line_number} is not in the log"
                )
            self._ledger.found(link.event_id, b"", session_id)
        for event_id, session_id, chain in self._heads:
            if chain != GENESIS and (session_id, chain) not in self._links:
                self._ledger.differ("missing", event_id, session_id, "the last line of a generation is not in the log")


def chain_of(previous: bytes, payload: Payload) -> bytes | None:
    """The chain that a line's bytes give; None where it has none."""
    if payload["reference"] is not None:
        return sha256(previous + payload["reference"]["sha256"]).digest()
    return None if payload["raw"] is None else sha256(previous + sha256(payload["raw"]).digest()).digest()
