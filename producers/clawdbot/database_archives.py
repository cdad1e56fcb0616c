"""Reads the transcripts that a database holds whole: put away when they were reset or deleted, or in cold storage."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, Protocol, cast

from producers.clawdbot.archives import Archive, archive_batches
from producers.clawdbot.batches import Batch
from producers.clawdbot.compressed import decompressed
from producers.clawdbot.context import SessionFacts, session_facts
from producers.clawdbot.database import AgentDatabase
from producers.clawdbot.database_snapshot import ArchiveRow, Snapshot
from producers.clawdbot.generation_checkpoints import GenerationCheckpoint, GenerationKey
from producers.transcript import TranscriptSource, context_event
from schemas.records import SessionEvent, TranscriptState
from sessiontrack.errors import TerminalError

ARCHIVES = "session_transcript_archives"
_COLD_ARCHIVES = "session_transcript_cold_archives"
_STATES: dict[str, TranscriptState] = {"deleted": "DELETED", "reset": "RESET"}
# What is larger is copied to the disk while it is read.
_IN_MEMORY_BYTES = 1024 * 1024
_BLOCK_BYTES = 64 * 1024


class Sessions(Protocol):
    """What else is known of the sessions of the database."""

    def known(self, session_id: str) -> GenerationCheckpoint | None:
        """What was read of a session's rows; None where nothing was."""

    def source(self, session_id: str) -> TranscriptSource:
        """Whose transcript it is."""

    def facts(self, session_id: str) -> list[SessionFacts]:
        """What is known of a session."""


class DatabaseArchives:
    """The archives in one database.

    Args:
        database: Where they are.
        sessions: What else is known of their sessions.
        clock: Gives the time, epoch milliseconds.
        checkpoints: What was acknowledged before.
        on_damage: Told of an archive that is damaged, and why.
    """

    def __init__(
        self,
        database: AgentDatabase,
        sessions: Sessions,
        clock: Callable[[], int],
        checkpoints: dict[GenerationKey, GenerationCheckpoint],
        on_damage: Callable[[str, str], None],
    ) -> None:
        self._database = database
        self._sessions = sessions
        self._clock = clock
        self._on_damage = on_damage
        self._read = {key: each for key, each in checkpoints.items() if key.path == database.path and key.archive}
        self._resend_since = 0
        self.begin_anew()

    def begin_anew(self) -> None:
        """Knows nothing of what is in the database."""
        self._newest: int | None = None
        self._unread: dict[GenerationKey, tuple[str, ArchiveRow]] = {}
        self._present: set[GenerationKey] = set()

    def find(self, snapshot: Snapshot, *, thorough: bool, resend_since: int) -> None:
        """Finds the archives that are to be read.

        Args:
            snapshot: How the database is now.
            thorough: Look at all of them, whatever was looked at before.
            resend_since: Archives whose last lines are no older than this (epoch ms) are sent again.
        """
        self._resend_since = resend_since
        newest = snapshot.newest_archive()
        if newest == self._newest and not thorough:
            return
        self._newest = newest
        found = [(ARCHIVES, row) for row in snapshot.archives()]
        found += [(_COLD_ARCHIVES, row) for row in snapshot.cold_archives()]
        for table, row in found:
            key = GenerationKey(self._database.path, row.session_id, f"{table}:{row.generation}")
            self._present.add(key)
            known = self._read.get(key)
            if known is None or known.stamp != (row.created_at,) or known.is_due(resend_since):
                self._unread[key] = table, row

    def read(self) -> Iterator[Batch]:
        """Reads what was found.

        Raises:
            DatabaseUnreadableError: It can't be read; the next call goes on.
        """
        for key, (table, row) in list(self._unread.items()):
            with SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES) as spooled:
                with self._database.snapshot() as snapshot:
                    archive = self._archive(snapshot, key, table, row, cast(BinaryIO, spooled))
                if archive is not None:
                    yield from self._batches(archive)
            self._unread.pop(key)

    def is_present(self, key: GenerationKey) -> bool:
        """Whether an archive was in the database when it was looked at."""
        return key in self._present

    def _batches(self, archive: Archive) -> Iterator[Batch]:
        known = self._sessions.known(archive.key.session_id)
        ended = known is not None and known.ended
        sent = None if known is None or known.is_due(self._resend_since) else known.position
        try:
            for batch in archive_batches(archive, sent, self._clock, known_ended=ended):
                self._read[archive.key] = cast(GenerationCheckpoint, batch.checkpoint)
                yield batch
        except TerminalError as error:
            self._on_damage(archive.key.archive, str(error))
            # Told once: it does not mend itself.
            self._read[archive.key] = replace(GenerationCheckpoint.first(archive.key), stamp=archive.stamp)

    def _archive(
        self, snapshot: Snapshot, key: GenerationKey, table: str, row: ArchiveRow, content: BinaryIO
    ) -> Archive | None:
        columns = ("session_id", "session_key", "reason", "encoding")
        found = snapshot.values(table, columns, "rowid = ?", row.rowid)
        if not found or found[0]["session_id"] != row.session_id:
            return None  # pruned since it was found
        snapshot.copy_blob(table, row.rowid, content)
        stated, source = found[0], self._sessions.source(row.session_id)
        return Archive(
            key=key,
            source=source,
            state=_STATES.get(stated["reason"] or "", "LIVE"),
            archived_at=row.created_at,
            stamp=(row.created_at,),
            content=partial(_content, content, compressed=stated["encoding"] != "identity"),
            events=self._events(source, row.session_id, stated["session_key"]),
        )

    def _events(self, source: TranscriptSource, session_id: str, key: str | None) -> tuple[SessionEvent, ...]:
        """The facts about a session, some of which only its archive knows by now."""
        facts = self._sessions.facts(session_id)
        if not facts and key and (found := session_facts(key, {"sessionId": session_id}, {})):
            facts = [found]
        return tuple(context_event(source, each.context, captured_at=self._clock()) for each in facts)


def _content(file: BinaryIO, *, compressed: bool) -> Iterator[bytes]:
    file.seek(0)
    blocks = iter(lambda: file.read(_BLOCK_BYTES), b"")
    return decompressed(blocks) if compressed else blocks
