"""Sessions that wait for the object store, so that the others need not.

A line that is too large for the topic goes to the object store first. Where that does not take it, its session is held:
nothing that comes behind the line is sent, so that the order stays, and no checkpoint of its transcripts moves. All of
it is in the files; what is held is read again from the checkpoints.
"""

from __future__ import annotations

import asyncio

import structlog

from producers.clawdbot.batches import Batch
from producers.clawdbot.checkpoints import CheckpointKey
from schemas.records import SessionEvent
from sessiontrack.errors import SessionTrackError

log = structlog.get_logger(__name__)


class HeldSessions:
    """Which sessions wait.

    Attributes:
        refused: The first event whose line was refused by a store that may take it later; None where there is none.
        reason: Why a line was refused that no time will make taken: no store is named; None where that was not so.
    """

    def __init__(self) -> None:
        self.refused: SessionEvent | None = None
        self.reason: SessionTrackError | None = None
        self._sessions: set[str] = set()
        self._transcripts: set[CheckpointKey] = set()
        self._waits = asyncio.Event()

    def __len__(self) -> int:
        return len(self._sessions)

    def cover(self, batch: Batch) -> bool:
        """Whether a batch has to wait; if so, what comes behind it of its transcript has to as well."""
        if not self._sessions:
            return False
        covered = (
            batch.checkpoint.key in self._transcripts
            or batch.renamed_from in self._transcripts
            or any(event["session_id"] in self._sessions for event in batch.events)
        )
        if covered:
            self._transcripts.add(batch.checkpoint.key)
        return covered

    def hold(self, batch: Batch, event: SessionEvent, error: SessionTrackError, *, for_good: bool) -> None:
        """Holds the session of an event.

        Args:
            batch: Whose event it is.
            event: Its line was refused.
            error: Why.
            for_good: Whether it is of no use to try again.
        """
        self._sessions.add(event["session_id"])
        self._transcripts.add(batch.checkpoint.key)
        log.error(
            "a line waits for the object store, and its session behind it; all others go on",
            session_id=event["session_id"],
            line_number=event["line_number"],
            reason=str(error),
            hint=error.hint,
        )
        if for_good:
            self.reason = error
        elif self.refused is None:
            self.refused = event
            self._waits.set()

    async def waits(self) -> SessionEvent:
        """The first event that may be taken later, once there is one."""
        await self._waits.wait()
        assert self.refused is not None
        return self.refused
