"""Reads the rows of one session, again and again: each time what is new, and proof that the rest is as it was.

A row is the line of its stored JSON plus a newline; how rows are numbered is not part of what they say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice

from producers.clawdbot.batches import Batch, Gathering
from producers.clawdbot.context import SessionFacts
from producers.clawdbot.database import AgentDatabase
from producers.clawdbot.database_snapshot import Snapshot
from producers.clawdbot.generation_checkpoints import GenerationCheckpoint, GenerationKey, LastRow
from producers.transcript import (
    RewrittenError,
    Transcript,
    TranscriptPosition,
    TranscriptSource,
    context_event,
    head_event,
    lifecycle_event,
)
from schemas.records import HeadReason, SessionEvent


class DatabaseSession:
    """The rows of one session.

    Args:
        key: Which session of which database.
        source: Whose transcript it is.
        database: Where the rows are.
        clock: Gives the time, epoch milliseconds.
        checkpoint: What of it was sent before.

    Attributes:
        verified: The last read compared all rows; else only the last one of those that were known.
    """

    def __init__(
        self,
        key: GenerationKey,
        source: TranscriptSource,
        database: AgentDatabase,
        clock: Callable[[], int],
        checkpoint: GenerationCheckpoint | None = None,
    ) -> None:
        self.source = source
        self.checkpoint = checkpoint or GenerationCheckpoint.first(key)
        self.verified = True
        self._id = key.session_id
        self._database = database
        self._clock = clock
        # What was read by this process and is known to be there; None: to be verified first.
        self._transcript: Transcript | None = None if checkpoint else Transcript(source)
        self._last: LastRow | None = None
        self._generation: str | None = None
        # Lines before this place were sent before; of these only the ones from this time on are sent again.
        self._resend_before = 0
        self._resend_since = 0

    def read(self) -> Iterator[Batch]:
        """Reads what is new, each batch in a transaction of its own.

        Yields:
            Batches; where rows were replaced or removed, first the head of the generation that was there, then the
            whole of the new one.

        Raises:
            DatabaseUnreadableError: It can't be read.
        """
        self.verified, more = self._last is None, True
        while more:
            with self._database.snapshot() as snapshot:
                batch, more = self._next(snapshot)
            if batch is not None:
                yield batch

    def resend(self, since: int) -> None:
        """Makes the next read send the lines again that are no older than `since`, epoch ms.

        An acknowledgement is not an fsync: the broker's machine may have lost what it took last.
        """
        if self.checkpoint.is_due(since):
            self._transcript = None
            self._resend_before, self._resend_since = self.checkpoint.position["bytes"], since

    def distrust(self) -> None:
        """Makes the next read verify all that was read before, though nothing tells of a change."""
        self._transcript = None

    def context(self, found: list[SessionFacts], reset_at: int | None) -> Batch | None:
        """The events of facts about the session; None where they were sent.

        Args:
            found: All that is known.
            reset_at: When another session took its place, epoch milliseconds; None where none did.
        """
        now = self._clock()
        events = [context_event(self.source, facts.context, captured_at=now) for facts in found]
        if reset_at is not None:
            events.append(lifecycle_event(self.source, "reset", reset_at, provenance="INFERRED", captured_at=now))
        ids = tuple(event["event_id"] for event in events)
        if not ids or ids == self.checkpoint.context_ids:
            return None
        self.checkpoint = replace(self.checkpoint, context_ids=ids)
        return self._batch(Gathering(events))

    def head(self) -> Batch | None:
        """The head of what was read; None where it was sent."""
        if self.checkpoint.headed or not self.checkpoint.position["lines"]:
            return None
        head = head_event(
            self.source, self.checkpoint.position, reason="IMPORTED", state="LIVE", captured_at=self._clock()
        )
        self.checkpoint = replace(self.checkpoint, headed=True)
        return self._batch(Gathering([head]))

    def deleted(self, at: int) -> Batch:
        """The last head of a session that is no more, and nowhere was put away.

        Args:
            at: When that was seen, epoch milliseconds.
        """
        now = self._clock()
        head = head_event(
            self.source, self.checkpoint.position, reason="CLOSED", state="DELETED", captured_at=now, archived_at=at
        )
        deleted = lifecycle_event(self.source, "deleted", at, provenance="INFERRED", captured_at=now)
        return self.ended([head, deleted])

    def ended(self, events: list[SessionEvent]) -> Batch:
        """Events after which there is nothing more of this session here."""
        self.checkpoint = replace(self.checkpoint, ended=True, headed=True)
        return self._batch(Gathering(events))

    def _next(self, snapshot: Snapshot) -> tuple[Batch | None, bool]:
        before = self.checkpoint
        if before.live and snapshot.is_gone(self._id):
            return None, False
        gathered = Gathering([] if self._stands(snapshot) else self._verified(snapshot))
        transcript = self._transcript
        assert transcript is not None
        self._generation = snapshot.generation(self._id)
        now, line = self._clock(), None
        for seq, line in snapshot.rows(self._id, None if self._last is None else self._last.seq):
            event = transcript.append(line, captured_at=now)
            if (event["byte_offset"] or 0) >= self._resend_before or event["occurred_at"] >= self._resend_since:
                gathered.add(event, len(line), transcript.fault)
            if gathered.full:
                self._last = LastRow.of(seq, line)
                self._advance(transcript.position)
                return self._batch(gathered), True
        if line is not None:
            self._last = LastRow.of(seq, line)
        self._resend_before = 0
        self._advance(transcript.position)
        self.checkpoint = replace(self.checkpoint, stamp=snapshot.stamp(self._id))
        return (self._batch(gathered) if gathered.events or self.checkpoint != before else None), False

    def _stands(self, snapshot: Snapshot) -> bool:
        if self._transcript is None or self._generation != snapshot.generation(self._id):
            return False
        return self._last is None or self._last.is_line(snapshot.line(self._id, self._last.seq))

    def _verified(self, snapshot: Snapshot) -> list[SessionEvent]:
        """Makes `_transcript` stand where the rows can be read on; returns the head of what is no more."""
        before, self.verified = self.checkpoint, True
        last: tuple[int, bytes] | None = None

        def prefix() -> Iterator[bytes]:
            nonlocal last
            for row in islice(snapshot.rows(self._id, None), before.position["lines"]):
                last = row
                yield row[1]

        try:
            self._transcript = Transcript.resume(self.source, before.position, prefix())
        except RewrittenError:
            fewer = snapshot.row_count(self._id) < before.position["lines"]
            heads = self._replaced(before.position, "TRUNCATED" if fewer else "REWRITTEN")
            self._start_anew()
            return heads
        self._last = None if last is None else LastRow.of(*last)
        if self._resend_before:
            self._transcript, self._last = Transcript(self.source), None
        return []

    def _start_anew(self) -> None:
        self._transcript, self._last, self._resend_before = Transcript(self.source), None, 0
        first = GenerationCheckpoint.first(self.checkpoint.key)
        self.checkpoint = replace(first, context_ids=self.checkpoint.context_ids)

    def _replaced(self, end: TranscriptPosition, reason: HeadReason) -> list[SessionEvent]:
        if not end["lines"]:
            return []
        return [head_event(self.source, end, reason=reason, state="REPLACED", captured_at=self._clock())]

    def _advance(self, position: TranscriptPosition) -> None:
        before = self.checkpoint
        if position["bytes"] < self._resend_before:
            return
        self.checkpoint = replace(
            before,
            position=position,
            last_row=self._last,
            stamp=(),
            ended=False,
            headed=before.headed and position["chain"] == before.position["chain"],
        )

    def _batch(self, gathered: Gathering) -> Batch:
        return Batch(
            gathered.events,
            self.checkpoint,
            lines=gathered.lines,
            bytes=gathered.bytes,
            unparsed=gathered.unparsed,
            faults=gathered.faults,
        )
