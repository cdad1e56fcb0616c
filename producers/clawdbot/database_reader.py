"""Reads every agent's database and every compressed transcript below the roots: all at first, then what changed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from threading import Lock

import structlog

from producers.clawdbot.archives import Archive, archive_batches, file_content, file_stamp, session_of_file
from producers.clawdbot.batches import Batch
from producers.clawdbot.counts import Counts
from producers.clawdbot.database import DAMAGED, UNREADABLE, DatabaseUnreadableError
from producers.clawdbot.database_source import DatabaseSource
from producers.clawdbot.discover import agent_of, brand_of, scan
from producers.clawdbot.fields import LAST_MOMENT, storable
from producers.clawdbot.file_names import archive_name_facts, database_of, is_database, is_database_name
from producers.clawdbot.generation_checkpoints import GenerationCheckpoint, GenerationKey, GenerationStamp
from producers.transcript import TranscriptPosition, TranscriptSource
from sessiontrack.errors import TerminalError

log = structlog.get_logger(__name__)


class DatabaseReader:
    """All databases and compressed transcripts below some roots.

    Args:
        roots: Folders (or files) to read.
        family: Products that share identities.
        checkpoints: What was acknowledged before.
        send: Takes batches.
        clock: Gives the time, epoch milliseconds.
        counts: What is noted of files; what is sent is for `send` to count.
        stopping: Whether to end before all is read.
    """

    def __init__(
        self,
        roots: list[Path],
        family: str,
        checkpoints: dict[GenerationKey, GenerationCheckpoint],
        send: Callable[[Batch], Awaitable[None]],
        clock: Callable[[], int],
        counts: Counts | None = None,
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self.counts = counts or Counts()
        self._roots = roots
        self._family = family
        self._checkpoints = checkpoints
        self._checkpoint_of_file = {key.path: each for key, each in checkpoints.items() if not key.archive}
        self._send_batch = send
        self._clock = clock
        self._stopping = stopping
        self._sources: dict[Path, DatabaseSource] = {}
        # Compressed files as they were when they were looked at.
        self._seen: dict[Path, GenerationStamp] = {}
        # A worker thread that reads can't be cancelled: databases are closed when it is done.
        self._reading = Lock()

    async def read_all(
        self, *, final: bool, resend_since: int = LAST_MOMENT, on_file: Callable[[], None] = lambda: None
    ) -> None:
        """Reads everything there is, and sends the head of each transcript.

        Args:
            final: Of no meaning here: rows and archives are never torn.
            resend_since: Lines that were sent before but are no older than this (epoch ms) are sent again; none by
                default.
            on_file: Called after each file.
        """
        paths = await asyncio.to_thread(self._found)
        self.counts.files_found += len(paths)
        for path in paths:
            if self._stopping():
                return
            await self._read(path, thorough=True, head=True, resend_since=resend_since)
            self.counts.files_read += 1
            on_file()

    async def read_changed(self, changed: Iterable[Path]) -> None:
        """Reads what is new in databases and compressed files of which something changed."""
        paths: set[Path] = set()
        for path in changed:
            database = database_of(path)
            if database in self._sources or (database is not None and is_database_name(database.name)):
                paths.add(database)
            elif archive_name_facts(path.name) is not None:
                paths.add(path)
            elif path.is_dir():
                paths.update(self._scan(path))
        for path in sorted(paths, key=_order):
            if self._stopping():
                return
            await self._read(path)

    async def look_around(self) -> AsyncGenerator[None, None]:
        """Reads what changed unnoticed, and what could not be read before; verifies what has come to rest.

        Yields:
            After each small piece of this: what changes may be read there.
        """
        known, found = set(self._sources), set[Path]()
        for root in self._roots:
            for path in self._scan(root):
                found.add(path)
                yield
        self.counts.files_found += len(found)
        for path in sorted(found, key=_order):
            if self._stopping():
                return
            await self._read(path, thorough=True)
            yield
        for path in known - found:
            self._sources.pop(path).close()
        self._seen = {path: stamp for path, stamp in self._seen.items() if path in found}

    @property
    def watched(self) -> int:
        """How many databases and compressed transcripts are read."""
        return len(self._sources.keys() | self._seen.keys() & self.counts.transcripts)

    def gone(self) -> list[GenerationKey]:
        """Checkpoints of what was below the roots and is no more."""
        below = [key for key in self._checkpoints if any(_is_below(key.path, root) for root in self._roots)]
        gone = {key for key in below if not key.path.exists()}
        for source in self._sources.values():
            gone |= source.end_of({key for key in below if key.path == source.path})
        return sorted(gone)

    def close(self) -> None:
        """Closes the databases."""
        with self._reading:
            for source in self._sources.values():
                source.close()

    def _found(self) -> list[Path]:
        return sorted({path for root in self._roots for path in self._scan(root)}, key=_order)

    def _scan(self, root: Path) -> Iterator[Path]:
        # A file that is named as a root may be called otherwise than the product calls it.
        return (path for path in scan(root, self._unreadable, _is_named) if is_database(path) or _is_named(path.name))

    async def _read(
        self, path: Path, *, thorough: bool = False, head: bool = False, resend_since: int = LAST_MOMENT
    ) -> None:
        try:
            if is_database(path):
                source = self._source(path)
                await self._send_all(source.read(thorough=thorough, head=head, resend_since=resend_since))
                if head:
                    self.counts.sessions |= source.session_ids
            else:
                archive = await asyncio.to_thread(self._archive, path, resend_since)
                if archive is None:
                    return
                known = self._known(archive.source.session_id, resend_since)
                await self._send_all(archive_batches(archive, known, self._clock))
            self.counts.transcripts.add(path)
            self.counts.skipped.pop(path, None)
        except DatabaseUnreadableError as error:
            self._pass_over(path, error.reason, error.detail)
        except TerminalError as error:
            self._pass_over(path, DAMAGED, str(error))
        except FileNotFoundError:
            pass  # gone since it was found
        except OSError as error:
            self._unreadable(path, error)

    async def _send_all(self, batches: Iterator[Batch]) -> None:
        while not self._stopping() and (batch := await asyncio.to_thread(self._next, batches)) is not None:
            await self._send_batch(batch)
            self.counts.sessions.update(event["session_id"] for event in batch.events[:1])

    def _next(self, batches: Iterator[Batch]) -> Batch | None:
        with self._reading:
            return next(batches, None)

    def _source(self, path: Path) -> DatabaseSource:
        if path not in self._sources:
            self._sources[path] = DatabaseSource(
                path,
                self._family,
                self._clock,
                self._checkpoints,
                lambda name, reason: self._pass_over(path / name, DAMAGED, reason),
            )
        return self._sources[path]

    def _archive(self, path: Path, resend_since: int) -> Archive | None:
        """The archive in a compressed file; None where it was read before, or is none."""
        stamp = file_stamp(path)
        if self._seen.get(path) == stamp:
            return None
        self._seen[path] = stamp
        known = self._checkpoint_of_file.get(path)
        if known is not None and known.stamp == stamp and not known.is_due(resend_since):
            self.counts.transcripts.add(path)
            self.counts.sessions.add(known.key.session_id)
            return None
        session_id, facts = session_of_file(path), archive_name_facts(path.name)
        if session_id is None or facts is None:
            self.counts.skipped[path] = "not a transcript"
            return None
        return Archive(
            key=GenerationKey(path, session_id),
            source=TranscriptSource(
                session_id=session_id,
                family=self._family,
                agent_id=agent_of(path),
                brand=brand_of(path),
                file_name=str(storable(path.name)),
            ),
            state=facts.state,
            archived_at=facts.archived_at,
            stamp=stamp,
            content=partial(file_content, path),
        )

    def _known(self, session_id: str, resend_since: int) -> TranscriptPosition | None:
        """What was sent of the session's rows, and is not to be sent again."""
        found = (source.known(session_id) for source in self._sources.values())
        known = next((each for each in found if each is not None), None)
        return None if known is None or known.is_due(resend_since) else known.position

    def _unreadable(self, path: Path, error: OSError) -> None:
        self._pass_over(path, UNREADABLE, error.strerror or str(error))

    def _pass_over(self, path: Path, reason: str, detail: str) -> None:
        if reason == UNREADABLE and not path.exists():
            return  # gone since it was found
        # Told once for each reason: a database that is busy may be so at each look.
        if self.counts.skipped.get(path) != reason:
            self.counts.skipped[path] = reason
            log.warning("passed over; tried again when it changes", path=str(path), reason=reason, detail=detail)


def _is_named(name: str) -> bool:
    return is_database_name(name) or archive_name_facts(name) is not None


def _order(path: Path) -> tuple[bool, str]:
    # What a database tells of a session need not be read of its archive again.
    return not is_database(path), str(path)


def _is_below(path: Path, root: Path) -> bool:
    return root.exists() and (path == root or root in path.parents)
