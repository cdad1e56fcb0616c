"""Reads one agent's database: all of its sessions at first, then those that changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from producers.clawdbot.batches import Batch
from producers.clawdbot.context import SessionFacts
from producers.clawdbot.database import DAMAGED, AgentDatabase, DatabaseUnreadableError
from producers.clawdbot.database_archives import ARCHIVES, DatabaseArchives
from producers.clawdbot.database_changes import DatabaseChanges
from producers.clawdbot.database_context import DatabaseContext
from producers.clawdbot.database_session import DatabaseSession
from producers.clawdbot.database_snapshot import Snapshot
from producers.clawdbot.discover import agent_of, brand_of
from producers.clawdbot.fields import LAST_MOMENT, storable
from producers.clawdbot.generation_checkpoints import GenerationCheckpoint, GenerationKey, GenerationStamp
from producers.clawdbot.session_ids import session_id as kept_as
from producers.transcript import TranscriptSource

_TOMBSTONES = "memory_session_tombstones"
# Verifying takes a second for some hundred megabytes, in which nothing else is read: the rest waits for the next time.
_VERIFIED_BYTES = 64 * 1024 * 1024


class DatabaseSource:
    """All sessions of one database.

    Args:
        path: Where it is.
        family: Products that share identities.
        clock: Gives the time, epoch milliseconds.
        checkpoints: What was acknowledged before.
        on_damage: Told of an archive that is damaged, and why.
    """

    def __init__(
        self,
        path: Path,
        family: str,
        clock: Callable[[], int],
        checkpoints: dict[GenerationKey, GenerationCheckpoint],
        on_damage: Callable[[str, str], None] = lambda name, reason: None,
    ) -> None:
        self.path = path
        self._family = family
        self._clock = clock
        self._database = AgentDatabase(path)
        self._known = {
            key.session_id: each for key, each in checkpoints.items() if key.path == path and not key.archive
        }
        self._archives = DatabaseArchives(self._database, self, clock, checkpoints, on_damage)
        self._sessions: dict[str, DatabaseSession] = {}
        self._resend_since = LAST_MOMENT
        self._opening = 0
        self._begin_anew()

    @property
    def session_ids(self) -> set[str]:
        """The sessions that there are."""
        return {kept_as(each) for each, known in self._known.items() if not known.ended}

    def known(self, session_id: str) -> GenerationCheckpoint | None:
        """What was read of a session; None where nothing was."""
        return self._known.get(session_id)

    def source(self, session_id: str) -> TranscriptSource:
        """Whose transcript a session is."""
        facts = self._context.facts(session_id)
        return TranscriptSource(
            session_id=kept_as(session_id),
            family=self._family,
            agent_id=agent_of(self.path) or next((found.agent_id for found in facts if found.agent_id), None),
            brand=brand_of(self.path),
            file_name=str(storable(self.path.name)),
            format="sqlite",
        )

    def facts(self, session_id: str) -> list[SessionFacts]:
        """What is known of a session."""
        return self._context.facts(session_id)

    def read(self, *, thorough: bool, head: bool = False, resend_since: int = LAST_MOMENT) -> Iterator[Batch]:
        """Reads what is new.

        Args:
            thorough: Find also what changed in an unusual way, and verify sessions that have come to rest.
            head: Send the head of each session.
            resend_since: Lines that were sent before but are no older than this (epoch ms) are sent again.

        Yields:
            Batches.

        Raises:
            DatabaseUnreadableError: It can't be read, or not all of it; the next call goes on.
        """
        self._resend_since = resend_since
        found = self._refreshed(thorough)
        if found:
            with self._database.snapshot() as snapshot:
                self._find(snapshot, thorough)
        if head:
            self._pending |= {each for each, known in self._known.items() if known.live and not known.headed}
        damage = None
        for session_id in sorted(self._pending):
            try:
                yield from self._read(session_id, head)
                self._pending.discard(session_id)
            except DatabaseUnreadableError as error:
                # A damaged page concerns one session, anything else all of them.
                if error.reason != DAMAGED:
                    raise
                damage = error
        yield from self._archives.read()
        if damage is not None:
            raise damage
        if thorough:
            yield from self._verify()
            if not found and not self._unverified:
                self._database.rest()

    def end_of(self, keys: set[GenerationKey]) -> set[GenerationKey]:
        """Which checkpoints of this database are of no more use."""
        ended = {GenerationKey(self.path, each) for each, known in self._known.items() if known.ended}
        return (keys & ended) | {key for key in keys if key.archive and not self._archives.is_present(key)}

    def close(self) -> None:
        """Closes the database."""
        self._database.close()

    def _begin_anew(self) -> None:
        """Knows nothing of what the database is like: it is another one, or it could not be read."""
        self._changes = DatabaseChanges()
        self._context = DatabaseContext()
        self._unsure = True
        self._pending: set[str] = set()
        self._first = True
        self._archives.begin_anew()
        self._unverified: dict[str, GenerationStamp] = {}

    def _refreshed(self, thorough: bool) -> bool:
        changed = self._database.refresh()
        if self._database.openings != self._opening:
            self._begin_anew()
            self._opening = self._database.openings
        self._unsure |= changed
        return changed or (thorough and self._unsure)

    def _find(self, snapshot: Snapshot, thorough: bool) -> None:
        found = self._changes.recent(snapshot)
        first, self._first = self._first, False
        if found is None or thorough:
            found = self._changes.thorough(snapshot, self._known)
            self._unsure = False
        if first:
            found |= {each for each, known in self._known.items() if self._is_due(snapshot, each, known)}
        changed = self._context.refresh(snapshot, thorough=thorough or first)
        self._pending |= found | {each for each in changed if each in self._known and not self._known[each].ended}
        self._archives.find(snapshot, thorough=thorough, resend_since=self._resend_since)

    def _is_due(self, snapshot: Snapshot, session_id: str, known: GenerationCheckpoint) -> bool:
        """Whether a session that nothing tells of has to be read at the start."""
        if known.ended:
            return False
        return known.is_due(self._resend_since) or not known.looks_as_read(snapshot.line)

    def _read(self, session_id: str, head: bool) -> Iterator[Batch]:
        with self._database.snapshot() as snapshot:
            gone = snapshot.is_gone(session_id)
            last = self._last(session_id, snapshot) if gone else None
            if session_id not in self._known and not snapshot.has_rows(session_id):
                return
        if gone:
            yield from self._kept(session_id, last)
            return
        session = self._session(session_id)
        yield from self._kept(session_id, self._facts_of(session))
        for batch in session.read():
            yield from self._kept(session_id, batch)
        if not session.verified:
            self._unverified.setdefault(session_id, ())
        if head:
            yield from self._kept(session_id, session.head())

    def _last(self, session_id: str, snapshot: Snapshot) -> Batch | None:
        """What is to be said of a session that has no rows any more; its archive says it where there is one."""
        known = self._known.get(session_id)
        if known is None or not known.live:
            return None
        session = self._session(session_id)
        archived = snapshot.values(ARCHIVES, ("session_id",), "session_id = ? LIMIT 1", session_id)
        if archived or snapshot.is_cold(session_id):
            return session.ended([])
        told = snapshot.values(_TOMBSTONES, ("created_at",), "session_id = ?", session_id)
        return session.deleted(next((int(row["created_at"]) for row in told), self._clock()))

    def _verify(self) -> Iterator[Batch]:
        """Verifies the sessions that were appended to since, as far as they have come to rest."""
        left = _VERIFIED_BYTES
        for session_id, stamp in list(self._unverified.items()):
            if left <= 0:
                return
            known = self._known.get(session_id)
            if known is not None and known.stamp != stamp:
                self._unverified[session_id] = known.stamp
                continue
            del self._unverified[session_id]
            if session_id in self._sessions and known is not None and not known.ended:
                left -= known.position["bytes"]
                self._sessions[session_id].distrust()
                for batch in self._sessions[session_id].read():
                    yield from self._kept(session_id, batch)

    def _facts_of(self, session: DatabaseSession) -> Batch | None:
        session_id = session.checkpoint.key.session_id
        return session.context(self._context.facts(session_id), self._context.reset_at(session_id))

    def _session(self, session_id: str) -> DatabaseSession:
        if session_id not in self._sessions:
            known = self._known.get(session_id)
            key = GenerationKey(self.path, session_id)
            session = DatabaseSession(key, self.source(session_id), self._database, self._clock, known)
            session.resend(self._resend_since)
            self._sessions[session_id] = session
        return self._sessions[session_id]

    def _kept(self, session_id: str, batch: Batch | None) -> Iterator[Batch]:
        if batch is not None:
            self._known[session_id] = self._sessions[session_id].checkpoint
            yield batch
