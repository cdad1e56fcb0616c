"""What programs send over HTTP or a WebSocket, as events: a line of a transcript, a fact about a session.

Nothing is remembered between two batches. The receipt of a line tells where the transcript stands after it, and the
next line gives that back; so a batch that is sent again makes the same events, of the same ids, which readers drop.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from producers.emitter import SessionEmitter
from producers.receipt import Receipt
from producers.transcript import (
    Transcript,
    TranscriptPosition,
    TranscriptSource,
    context_event,
    lifecycle_event,
)
from schemas.records import Context, SessionEvent
from sessiontrack.cursors import decode_cursor, encode_cursor
from sessiontrack.errors import SessionTrackError, TerminalError, TransientError, UsageError

_CURSOR = "transcript"
_CHAIN_DIGITS = 64
_LINE_BEFORE = UsageError("a line before it was refused", hint="Mend that one, and send all from there again.")


@dataclass(frozen=True, slots=True, kw_only=True)
class SentLine:
    """A line of a transcript.

    Attributes:
        session_id: Whose transcript it is.
        agent_id: The session's agent.
        line: The line; it gets a line end where it has none.
        after: Where the transcript stood: `Outcome.after` of the line before. None follows the line of this session
            that comes before it in the batch, and is the first line of the transcript where there is none.
    """

    session_id: str
    agent_id: str | None
    line: str
    after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SentContext:
    """Facts about a session's context.

    Attributes:
        session_id: Whose.
        agent_id: The session's agent.
        context: The facts.
    """

    session_id: str
    agent_id: str | None
    context: Context


@dataclass(frozen=True, slots=True, kw_only=True)
class SentLifecycle:
    """What happened to a session as a whole.

    Attributes:
        session_id: Which one.
        agent_id: The session's agent.
        action: reset, deleted or ended.
        at: When, epoch milliseconds.
    """

    session_id: str
    agent_id: str | None
    action: str
    at: int


Sent = SentLine | SentContext | SentLifecycle


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of what was sent.

    Attributes:
        status: `accepted`: the log has it. `spooled`: it is on this machine's disk, and goes to the log when that is
            back. `refused`: it can't become an event as it is.
        event_id: Id of the event; None where it was refused.
        receipt: Where the event stands.
        after: Of a line: where its transcript stands after it.
        error: Why it was refused.
    """

    status: Literal["accepted", "spooled", "refused"]
    event_id: str | None = None
    receipt: Receipt | None = None
    after: str | None = None
    error: SessionTrackError | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """An event that was made, or why none was.

    Attributes:
        event: The event.
        after: Of a line: where its transcript stands after it.
        error: Why there is none.
    """

    event: SessionEvent | None = None
    after: str | None = None
    error: SessionTrackError | None = None


class Gateway:
    """Publishes what programs send.

    Args:
        emitter: Publishes the events.
        family: Products that share identities.
    """

    def __init__(self, emitter: SessionEmitter, family: str) -> None:
        self._emitter = emitter
        self._family = family

    async def publish(self, batch: Sequence[Sent]) -> list[Outcome]:
        """Publishes a batch, and waits until all of it is accepted or refused.

        Returns:
            An outcome for each, in their order.

        Raises:
            TransientError: Neither the log nor the spool takes more. Some may be accepted; all may be sent again.
            UnavailableError: A line is large, and no object store is named that could take it.
        """
        made = make_events(batch, self._family, captured_at=time.time_ns() // 1_000_000)
        refused: set[str] = set()
        sent = [await self._send(each, refused) for each in made]
        return [await _outcome(each, receipt) for each, receipt in zip(made, sent, strict=True)]

    async def _send(self, made: Made, refused: set[str]) -> asyncio.Future[Receipt] | SessionTrackError:
        if made.event is None:
            assert made.error is not None
            return made.error
        session_id = made.event["session_id"]
        if made.after and session_id in refused:
            return _LINE_BEFORE
        try:
            return await self._emitter.send(made.event)
        except TerminalError as error:
            refused.add(session_id)
            return error


async def _outcome(made: Made, sent: asyncio.Future[Receipt] | SessionTrackError) -> Outcome:
    if isinstance(sent, SessionTrackError):
        return Outcome("refused", error=sent)
    try:
        receipt = await sent
    except TerminalError as error:
        return Outcome("refused", error=error)
    except asyncio.CancelledError:
        if not sent.cancelled():
            raise
        raise TransientError("the connection to the log ended before it answered") from None
    return Outcome("spooled" if receipt.spooled else "accepted", receipt.event_id, receipt, made.after)


def make_events(batch: Iterable[Sent], family: str, *, captured_at: int) -> list[Made]:
    """The events of a batch, in its order. Pure.

    Args:
        batch: What was sent.
        family: Products that share identities.
        captured_at: When it came, epoch milliseconds.
    """
    # Of each session; None where a line of it was refused, so that what follows has no place.
    transcripts: dict[str, Transcript | None] = {}
    return [_made(each, family, captured_at, transcripts) for each in batch]


def _made(sent: Sent, family: str, captured_at: int, transcripts: dict[str, Transcript | None]) -> Made:
    source = TranscriptSource(session_id=sent.session_id, family=family, agent_id=sent.agent_id)
    match sent:
        case SentContext():
            return Made(context_event(source, sent.context, captured_at=captured_at))
        case SentLifecycle():
            event = lifecycle_event(source, sent.action, sent.at, provenance="OBSERVED", captured_at=captured_at)
            return Made(event)
        case SentLine():
            try:
                transcript = transcripts[sent.session_id] = _transcript(sent, source, transcripts)
                event = transcript.append(_terminated(sent.line), captured_at=captured_at)
            except UsageError as error:
                transcripts[sent.session_id] = None
                return Made(error=error)
            return Made(event, after=encode_place(sent.session_id, transcript.position))


def _transcript(sent: SentLine, source: TranscriptSource, transcripts: dict[str, Transcript | None]) -> Transcript:
    if sent.after is not None:
        return Transcript.continued(source, decode_place(sent.session_id, sent.after))
    transcript = transcripts.get(sent.session_id, Transcript(source))
    if transcript is None:
        raise _LINE_BEFORE
    return transcript


def _terminated(line: str) -> bytes:
    data = line.encode("utf-8", "surrogatepass")
    terminated = data if data.endswith(b"\n") else data + b"\n"
    if terminated.count(b"\n") != 1:
        raise UsageError("a line holds a line end", hint="Send each line by itself.")
    return terminated


def encode_place(session_id: str, position: TranscriptPosition) -> str:
    """A transcript's position as an opaque text."""
    return encode_cursor(
        _CURSOR,
        session_id,
        position["chain"],
        position["lines"],
        position["bytes"],
        position["occurred_at"],
        position["header_at"],
        position["has_parent"],
        position["format_version"],
    )


def decode_place(session_id: str, place: str) -> TranscriptPosition:
    """The position that `encode_place` gave.

    Raises:
        UsageError: It is none, or one of another session's transcript.
    """
    number, maybe = int, (int, type(None))
    found = decode_cursor(_CURSOR, place, str, str, number, number, number, maybe, bool, maybe)
    owner, chain, lines, size, occurred_at, header_at, has_parent, format_version = found
    hint = "Give back `after` of the receipt of the line before, as it was."
    if owner != session_id:
        raise UsageError("this is the place of another session's transcript", hint=hint)
    if len(chain) != _CHAIN_DIGITS or not set(chain) <= set("0123456789abcdef") or lines < 0 or size < 0:
        raise UsageError("this is no place in a transcript", hint=hint)
    return {
        "chain": chain,
        "lines": lines,
        "bytes": size,
        "sha256": "",
        "occurred_at": occurred_at,
        "header_at": header_at,
        "has_parent": has_parent,
        "format_version": format_version,
    }
