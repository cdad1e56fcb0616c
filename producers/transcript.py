"""Turns the lines of one transcript into events: a pure reducer over a hash chain.

The chain, the place and the times are carried from line to line. `Transcript.state` is small and goes into a
checkpoint; `Transcript.resume` goes on from there, after proving that the file still begins with what was read.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import TypedDict

from producers.clawdbot.lines import parse_line
from producers.payloads import payload
from schemas.records import (
    Context,
    EventKind,
    HeadReason,
    Lifecycle,
    Payload,
    Provenance,
    SessionEvent,
    Source,
    TranscriptState,
)
from sessiontrack.identity import GENESIS, event_id, fact_id, next_chain

_TERMINATOR = b"\n"
# A clock may be fast by as much as a time zone is wide; beyond that it is wrong.
_FUTURE_MS = 24 * 60 * 60 * 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriptSource:
    """Whose transcript it is and where it was read.

    Attributes:
        session_id: The session.
        family: Products that share identities.
        agent_id: The session's agent.
        brand: The product, as its state folder is named.
        file_name: Name of the file, without folders.
        format: jsonl or sqlite.
    """

    session_id: str
    family: str = "clawdbot"
    agent_id: str | None = None
    brand: str | None = None
    file_name: str | None = None
    format: str = "jsonl"


class TranscriptPosition(TypedDict):
    """How far a transcript was read; JSON-able.

    `chain` and `sha256` (of all bytes read) are hex; `occurred_at` is the last line's time; `header_at` is the
    header's time and `format_version` its version, null before a header; `has_parent` says whether it names one.
    """

    chain: str
    lines: int
    bytes: int
    sha256: str
    occurred_at: int
    header_at: int | None
    has_parent: bool
    format_version: int | None


class RewrittenError(Exception):
    """The transcript no longer begins with what was read of it."""


class Transcript:
    """The reducer of one transcript, from its first line on.

    Args:
        source: Whose it is; may be set anew, as when the file is renamed.

    Attributes:
        fault: What is wrong with the last line; None where it is understood.
    """

    def __init__(self, source: TranscriptSource) -> None:
        self.source = source
        self.fault: str | None = None
        self._chain = GENESIS
        self._lines = 0
        self._bytes = 0
        self._digest = sha256()
        self._occurred_at = 0
        self._header_at: int | None = None
        self._has_parent = False
        self._format_version: int | None = None

    @classmethod
    def resume(cls, source: TranscriptSource, position: TranscriptPosition, prefix: Iterable[bytes]) -> Transcript:
        """Goes on from a position.

        Args:
            source: Whose it is.
            position: Where it was left.
            prefix: The bytes before it, in pieces of any size.

        Raises:
            RewrittenError: These are not the bytes that were read.
        """
        transcript = cls.continued(source, position)
        for piece in prefix:
            transcript._digest.update(piece)
        if transcript._digest.hexdigest() != position["sha256"]:
            raise RewrittenError
        return transcript

    @classmethod
    def continued(cls, source: TranscriptSource, position: TranscriptPosition) -> Transcript:
        """Goes on from a position without the bytes before it; `sha256` of later positions says nothing then.

        Args:
            source: Whose it is.
            position: Where it was left.
        """
        transcript = cls(source)
        transcript._chain = bytes.fromhex(position["chain"])
        transcript._lines = position["lines"]
        transcript._bytes = position["bytes"]
        transcript._occurred_at = position["occurred_at"]
        transcript._header_at = position["header_at"]
        transcript._has_parent = position["has_parent"]
        transcript._format_version = position["format_version"]
        return transcript

    @property
    def position(self) -> TranscriptPosition:
        """How far it was read."""
        return {
            "chain": self._chain.hex(),
            "lines": self._lines,
            "bytes": self._bytes,
            "sha256": self._digest.hexdigest(),
            "occurred_at": self._occurred_at,
            "header_at": self._header_at,
            "has_parent": self._has_parent,
            "format_version": self._format_version,
        }

    def append(self, line: bytes, *, captured_at: int) -> SessionEvent:
        """The event of the next line.

        Args:
            line: The line with its terminator, exactly as it stands; only the last may lack one.
            captured_at: When it was read, epoch ms.
        """
        parsed = parse_line(line)
        previous, offset = self._chain, self._bytes
        self._chain = next_chain(previous, line)
        self._lines += 1
        self._bytes += len(line)
        self._digest.update(line)
        self.fault = parsed.fault
        if parsed.timestamp is not None:
            self._occurred_at = parsed.timestamp
            if parsed.timestamp > captured_at + _FUTURE_MS:
                self.fault = self.fault or "in the future"
        header = parsed.payload["session"]
        if header is not None and self._format_version is None:
            self._header_at = parsed.timestamp
            self._has_parent = header["parent_session"] is not None
            self._format_version = header["version"]
        event = _event(self.source, parsed.kind, captured_at, self._occurred_at, parsed.payload)
        event["event_id"] = event_id(self.source.family, self.source.session_id, self._chain)
        event["entry_type"] = parsed.entry_type
        event["chain"] = self._chain
        event["previous_chain"] = previous
        event["entry_key"] = parsed.entry_key
        event["entry_id"] = parsed.entry_id
        event["parent_entry_id"] = parsed.parent_entry_id
        event["line_number"] = self._lines
        event["byte_offset"] = offset
        event["inherited"] = self._has_parent and self._occurred_at < (self._header_at or 0)
        event["source"]["format_version"] = self._format_version
        return event


def split_lines(data: bytes, *, final: bool = False) -> tuple[list[bytes], bytes]:
    r"""Splits bytes into lines, each up to and including its `\n`.

    Args:
        data: The bytes, from the beginning of a line on.
        final: Nothing follows: an unterminated rest is a line too.

    Returns:
        The lines, and the unterminated rest that is none yet.
    """
    *complete, rest = data.split(_TERMINATOR)
    lines = [line + _TERMINATOR for line in complete]
    if final and rest:
        return [*lines, rest], b""
    return lines, rest


def head_event(
    source: TranscriptSource,
    position: TranscriptPosition,
    *,
    reason: HeadReason,
    state: TranscriptState,
    captured_at: int,
    archived_at: int | None = None,
) -> SessionEvent:
    """The head of a generation: the proof of its bytes.

    Args:
        source: Whose transcript it is.
        position: Where the generation ends.
        reason: Why the head is sent.
        state: What the generation is.
        captured_at: When it was read, epoch ms.
        archived_at: The time in an archive name, epoch ms.
    """
    content = {
        "chain": position["chain"],
        "lines": position["lines"],
        "bytes": position["bytes"],
        "sha256": position["sha256"],
        "reason": reason,
        "state": state,
        "archived_at": archived_at,
    }
    occurred_at = position["occurred_at"] if archived_at is None else archived_at
    head = {name: value for name, value in content.items() if name != "chain"}
    body = payload(transcript_head=head | {"sha256": bytes.fromhex(position["sha256"])})
    event = _event(source, "TRANSCRIPT_HEAD", captured_at, occurred_at, body)
    event["event_id"] = fact_id(source.family, source.session_id, "transcript_head", content)
    event["chain"] = bytes.fromhex(position["chain"])
    event["source"]["format_version"] = position["format_version"]
    return event


def context_event(
    source: TranscriptSource, context: Context, *, captured_at: int, occurred_at: int = 0
) -> SessionEvent:
    """Facts about the session's context.

    Args:
        source: Whose they are.
        context: The facts.
        captured_at: When they were read, epoch ms.
        occurred_at: When they came true, epoch ms, if it is known: the same facts must give the same event.
    """
    content = {name: value for name, value in context.items() if name != "provenance"}
    event = _event(source, "CONTEXT", captured_at, occurred_at, payload(context=context))
    event["event_id"] = fact_id(source.family, source.session_id, "context", content)
    return event


def lifecycle_event(
    source: TranscriptSource, action: str, at: int, *, provenance: Provenance, captured_at: int
) -> SessionEvent:
    """What happened to the session as a whole.

    Args:
        source: Whose it is.
        action: reset, deleted or ended.
        at: When it happened, epoch ms.
        provenance: How it is known.
        captured_at: When it was read, epoch ms.
    """
    lifecycle: Lifecycle = {"action": action, "at": at, "provenance": provenance}
    event = _event(source, "LIFECYCLE", captured_at, at, payload(lifecycle=lifecycle))
    event["event_id"] = fact_id(source.family, source.session_id, "lifecycle", {"action": action, "at": at})
    return event


def _event(
    source: TranscriptSource, kind: EventKind, captured_at: int, occurred_at: int, body: Payload
) -> SessionEvent:
    read_from: Source = {
        "brand": source.brand,
        "format": source.format,
        "format_version": None,
        "file_name": source.file_name,
    }
    return {
        "event_id": "",
        "kind": kind,
        "entry_type": None,
        "family": source.family,
        "session_id": source.session_id,
        "agent_id": source.agent_id,
        "occurred_at": occurred_at,
        "captured_at": captured_at,
        "chain": None,
        "previous_chain": None,
        "entry_key": None,
        "entry_id": None,
        "parent_entry_id": None,
        "line_number": None,
        "byte_offset": None,
        "inherited": False,
        "source": read_from,
        "payload": body,
        "sealed": None,
    }
