"""Which sessions of a database changed, found with work in proportion to what is new.

How the owner writes: an append inserts rows, whose `rowid` is beyond all others. A rewrite, a compaction, a rewind or a
deletion replaces or removes rows and in the same transaction sets a new watermark, or removes it. After the newest rows
were deleted, their `rowid`s are given anew: then the row that was the newest is not where it was, and everything is
looked at. A clock that jumps can hide a watermark, and a version without them has none: a thorough look finds such
sessions by their last row, number of rows and time of change.

Source: ensureTranscriptGenerationInTransaction and rotateTranscriptGenerationInTransaction in
src/config/sessions/session-accessor.sqlite-transcript-state.ts of OpenClaw; https://sqlite.org/autoinc.html.
"""

from __future__ import annotations

from collections.abc import Mapping

from producers.clawdbot.database_snapshot import Newest, Snapshot
from producers.clawdbot.generation_checkpoints import GenerationCheckpoint


class DatabaseChanges:
    """What changed in one database since it was looked at before."""

    def __init__(self) -> None:
        self._newest: Newest | None = None
        self._generations: dict[str, str] = {}
        self._watermarked_at = 0

    def recent(self, snapshot: Snapshot) -> set[str] | None:
        """The sessions whose rows were appended to or replaced since the last call.

        Args:
            snapshot: How the database is now.

        Returns:
            The sessions; None where only a thorough look can tell.
        """
        before, self._newest = self._newest, snapshot.newest()
        rewritten = self._rewritten(snapshot)
        removed = snapshot.watermark_count() < len(self._generations)
        if before is None or removed or not snapshot.still_has(before):
            return None
        return rewritten | snapshot.inserted_after(before.rowid)

    def thorough(self, snapshot: Snapshot, known: Mapping[str, GenerationCheckpoint]) -> set[str]:
        """The sessions that look otherwise than when they were read; new ones and those without rows are among them.

        Args:
            snapshot: How the database is now.
            known: How far each session was read.
        """
        self._newest, self._generations, self._watermarked_at = snapshot.newest(), {}, 0
        self._rewritten(snapshot)
        counts = snapshot.row_counts()
        changed = {session_id for session_id, known_one in known.items() if session_id not in counts and known_one.live}
        for session_id, count in counts.items():
            checkpoint = known.get(session_id)
            if checkpoint is None or not checkpoint.covers(snapshot.stamp(session_id), count):
                changed.add(session_id)
        return changed

    def _rewritten(self, snapshot: Snapshot) -> set[str]:
        # At once is as good as later: one that was set in the same millisecond is seen again.
        found = snapshot.watermarks(self._watermarked_at)
        changed = {each.session_id for each in found if self._generations.get(each.session_id) != each.generation}
        self._generations.update((each.session_id, each.generation) for each in found)
        self._watermarked_at = max([self._watermarked_at, *(each.updated_at for each in found)])
        return changed
