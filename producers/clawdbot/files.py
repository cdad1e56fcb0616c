"""Reads one transcript file, again and again: each time what is new, and proof that the rest is as it was."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

import structlog

from producers.clawdbot.batches import Batch, Gathering
from producers.clawdbot.blocks import Edges, blocks, first_lines, is_whole
from producers.clawdbot.checkpoints import Checkpoint, Stamp
from producers.clawdbot.context import SessionFacts
from producers.clawdbot.discover import recognise
from producers.clawdbot.file_names import file_name_facts
from producers.transcript import (
    RewrittenError,
    Transcript,
    TranscriptPosition,
    TranscriptSource,
    context_event,
    head_event,
    lifecycle_event,
)
from schemas.records import HeadReason, Provenance, SessionEvent

# Some versions leave one at the beginning of a file.
_USUAL_FAULT = "blank"
_ACTIONS = {"RESET": "reset", "DELETED": "deleted"}

log = structlog.get_logger(__name__)


class TranscriptFile:
    """One transcript file.

    Args:
        path: Where it is.
        source: Whose it is.
        clock: Gives the time, epoch milliseconds.
        checkpoint: What of it was sent before.
    """

    def __init__(
        self, path: Path, source: TranscriptSource, clock: Callable[[], int], checkpoint: Checkpoint | None = None
    ) -> None:
        self.path = path
        self.source = source
        self.checkpoint = checkpoint or Checkpoint(
            path=path,
            session_id=source.session_id,
            agent_id=source.agent_id,
            stamp=Stamp(0, 0, 0, 0),
            position=Transcript(source).position,
        )
        self._clock = clock
        # What was read by this process and is known to be in the file; None: to be verified first.
        self._transcript: Transcript | None = None if checkpoint else Transcript(source)
        self._edges = Edges(b"", b"")
        # It looks as before, and is not.
        self.suspect = False
        # Something was appended to what looked as before; whether it is as before is not known yet.
        self.assumed = False
        self._renamed_from: Path | None = None
        self._facts: list[SessionFacts] = []
        # Faults are told of once each: a file may hold a million of them.
        self._told = {_USUAL_FAULT}
        # Lines before this place were sent before; of these only the ones from this time on are sent again.
        self._resend_before = 0
        self._resend_since = 0

    @property
    def unverified_bytes(self) -> int:
        """How much the next read must hash before it comes to what is new."""
        return self.checkpoint.position["bytes"] if self._transcript is None else 0

    def read(self, *, final: bool = False) -> Iterator[Batch]:
        """Reads what is new.

        Args:
            final: Nothing more is expected: an unterminated last line is a line.

        Yields:
            Batches; where the file was rewritten or cut, first the head of the generation that was there, then the
            whole of the new one.

        Raises:
            OSError: It can't be read.
        """
        with self.path.open("rb") as file:
            stamp = Stamp.of(os.fstat(file.fileno()))
            if self._is_read(stamp, final):
                return
            gathered = Gathering(self._verified(file, stamp))
            yield from self._lines(file, stamp, gathered, final)

    def resend(self, since: int) -> None:
        """Makes the next read send the lines again that are no older than `since`, epoch ms.

        An acknowledgement is not an fsync: the broker's machine may have lost what it took last.
        """
        if self.checkpoint.position["occurred_at"] >= since and self.checkpoint.position["lines"]:
            self._transcript = None
            self._resend_before, self._resend_since = self.checkpoint.position["bytes"], since

    def verify(self) -> Iterator[None]:
        """Compares the file with all that was read of it; where it differs, the next read finds out how.

        Yields:
            After each block: the file may be read there.

        Raises:
            OSError: It can't be read.
        """
        self.assumed, end, digest = False, self.checkpoint.end, sha256()
        with self.path.open("rb") as file:
            for block in blocks(file, end["bytes"]):
                digest.update(block)
                yield
        if digest.hexdigest() != end["sha256"]:
            self._transcript, self.suspect = None, True

    def continues(self, checkpoint: Checkpoint) -> bool:
        """Goes on from another file's checkpoint, if this file begins with what was read of that one.

        Raises:
            OSError: It can't be read.
        """
        with self.path.open("rb") as file:
            try:
                self._transcript = Transcript.resume(
                    self.source, checkpoint.position, blocks(file, checkpoint.position["bytes"])
                )
            except RewrittenError:
                return False
        self._renamed_from = checkpoint.path
        self.checkpoint = replace(checkpoint, path=self.path, headed=False)
        return True

    def context(self, found: list[SessionFacts]) -> Batch | None:
        """The events of facts about the session; None where they were sent.

        Args:
            found: All that is known.
        """
        if found == self._facts:
            return None
        self._facts = found
        now = self._clock()
        events = [context_event(self.source, facts.context, captured_at=now) for facts in found]
        ids = tuple(event["event_id"] for event in events)
        if not ids or ids == self.checkpoint.context_ids:
            return None
        self.checkpoint = replace(self.checkpoint, context_ids=ids)
        return self._batch(Gathering(events))

    def reset(self, at: int) -> Batch:
        """The event of a reset that `sessions.json` shows.

        Args:
            at: When, epoch milliseconds.
        """
        event = lifecycle_event(self.source, "reset", at, provenance="INFERRED", captured_at=self._clock())
        return self._batch(Gathering([event]))

    def head(self, reason: HeadReason, provenance: Provenance) -> Batch | None:
        """The head of what was read, and what the file's name says of the session's life; None where it was sent.

        Args:
            reason: Why it is sent.
            provenance: How a reset or deletion is known.
        """
        if self.checkpoint.headed or not self.checkpoint.end["lines"]:
            return None
        facts = file_name_facts(self.path.name)
        state, archived_at = (facts.state, facts.archived_at) if facts else ("LIVE", None)
        now = self._clock()
        head = head_event(
            self.source, self.checkpoint.end, reason=reason, state=state, captured_at=now, archived_at=archived_at
        )
        events = [head]
        if state in _ACTIONS and archived_at is not None:
            events.append(
                lifecycle_event(self.source, _ACTIONS[state], archived_at, provenance=provenance, captured_at=now)
            )
        self.checkpoint = replace(self.checkpoint, headed=True)
        return self._batch(Gathering(events))

    def _is_read(self, stamp: Stamp, final: bool) -> bool:
        if self.suspect or self._resend_before or stamp != self.checkpoint.stamp:
            return False
        return not final or self.checkpoint.end["bytes"] >= stamp.size

    def _verified(self, file: BinaryIO, stamp: Stamp) -> list[SessionEvent]:
        """Makes `_transcript` stand where the file can be read on; returns the head of what is no more."""
        if self._transcript is not None and self._seems_appended(file, stamp):
            self.assumed = self.checkpoint.position["bytes"] > 0
            return []
        before, self.suspect, self.assumed = self.checkpoint, False, False
        try:
            file.seek(0)
            self._transcript = Transcript.resume(self.source, before.position, blocks(file, before.position["bytes"]))
        except RewrittenError:
            heads = self._replaced(before.end, "TRUNCATED" if stamp.size < before.end["bytes"] else "REWRITTEN")
            self._start_anew(file)
            return heads
        if before.torn_position is not None and not is_whole(file, before.torn_position):
            self.checkpoint = replace(before, torn_position=None, headed=False)
            return self._replaced(before.torn_position, "REWRITTEN")
        if self._resend_before:
            self._transcript = Transcript(self.source)
        return []

    def _seems_appended(self, file: BinaryIO, stamp: Stamp) -> bool:
        assert self._transcript is not None
        seen, position = self.checkpoint.stamp, self.checkpoint.position
        if position["bytes"] == 0:
            return True
        same_file = (stamp.device, stamp.inode) == (seen.device, seen.inode)
        if not same_file or stamp.size <= seen.size or self.checkpoint.torn_position is not None:
            return False
        return Edges.of(file, position["bytes"]) == self._edges

    def _start_anew(self, file: BinaryIO) -> None:
        file.seek(0)
        session_id = recognise(self.path, first_lines(file))
        if session_id is not None and session_id != self.source.session_id:
            self.source = replace(self.source, session_id=session_id)
        self._transcript = Transcript(self.source)
        self._resend_before = 0
        self.checkpoint = Checkpoint(
            path=self.path,
            session_id=self.source.session_id,
            agent_id=self.source.agent_id,
            stamp=self.checkpoint.stamp,
            position=self._transcript.position,
            context_ids=self.checkpoint.context_ids,
        )

    def _replaced(self, end: TranscriptPosition, reason: HeadReason) -> list[SessionEvent]:
        if not end["lines"]:
            return []
        return [head_event(self.source, end, reason=reason, state="REPLACED", captured_at=self._clock())]

    def _lines(self, file: BinaryIO, stamp: Stamp, gathered: Gathering, final: bool) -> Iterator[Batch]:
        transcript = self._transcript
        assert transcript is not None
        self._edges = Edges.of(file, transcript.position["bytes"])
        torn = b""
        now = self._clock()
        for line in file:
            if not line.endswith(b"\n"):
                torn = line
                break
            self._edges = self._edges.followed_by(line)
            event = transcript.append(line, captured_at=now)
            if (event["byte_offset"] or 0) >= self._resend_before or event["occurred_at"] >= self._resend_since:
                gathered.add(event, len(line), transcript.fault)
                self._tell(transcript)
            if gathered.full:
                yield self._advanced(stamp, transcript.position, gathered)
                gathered, now = Gathering(), self._clock()
        position, torn_position = transcript.position, self.checkpoint.torn_position
        self._resend_before = 0
        if final and torn:
            gathered.add(transcript.append(torn, captured_at=now), len(torn), transcript.fault)
            self._tell(transcript)
            torn_position = transcript.position
            # It stands behind a line that may yet be completed.
            self._transcript = None
        yield self._advanced(stamp, position, gathered, torn_position)

    def _tell(self, transcript: Transcript) -> None:
        fault = transcript.fault
        if fault is None or fault in self._told:
            return
        self._told.add(fault)
        log.warning(
            "a line has a fault, it is kept as it stands; more of its kind in this file are only counted",
            path=str(self.path),
            line_number=transcript.position["lines"],
            fault=fault,
        )

    def _advanced(
        self,
        stamp: Stamp,
        position: TranscriptPosition,
        gathered: Gathering,
        torn_position: TranscriptPosition | None = None,
    ) -> Batch:
        before = self.checkpoint
        if position["bytes"] < self._resend_before:
            position, torn_position = before.position, before.torn_position
        after = replace(before, stamp=stamp, position=position, torn_position=torn_position)
        self.checkpoint = replace(after, headed=before.headed and after.end["chain"] == before.end["chain"])
        return self._batch(gathered)

    def _batch(self, gathered: Gathering) -> Batch:
        renamed_from, self._renamed_from = self._renamed_from, None
        return Batch(
            gathered.events,
            self.checkpoint,
            renamed_from,
            gathered.lines,
            gathered.bytes,
            gathered.unparsed,
            gathered.faults,
        )
