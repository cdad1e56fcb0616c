"""Reads every transcript below the roots: all of them at first, then what changed."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Container, Iterable, Iterator
from glob import escape
from pathlib import Path

import structlog

from producers.clawdbot.batches import Batch
from producers.clawdbot.blocks import first_lines
from producers.clawdbot.checkpoints import Checkpoint, Stamp
from producers.clawdbot.context import FILE_NAME, SessionFacts
from producers.clawdbot.counts import Counts
from producers.clawdbot.discover import agent_of, brand_of, live_name, reading_order, recognise, scan
from producers.clawdbot.fields import LAST_MOMENT, storable
from producers.clawdbot.file_names import file_name_facts
from producers.clawdbot.files import TranscriptFile
from producers.clawdbot.session_stores import SessionStores
from producers.transcript import TranscriptSource

# How long lines of other files wait while a long one is read: to look for them costs some microseconds for each file.
_SLICE_S = 0.2
# To hash so much takes a moment in which the event loop should do other things.
_LONG_READ_BYTES = 16 * 1024 * 1024

log = structlog.get_logger(__name__)


class Reader:
    """All transcripts below some roots.

    Args:
        roots: Folders (or files) to read.
        family: Products that share identities.
        checkpoints: What was acknowledged before, by path.
        send: Takes batches.
        clock: Gives the time, epoch milliseconds.
        counts: What is noted of files; what is sent is for `send` to count.
        stopping: Whether to end before all is read.
    """

    def __init__(
        self,
        roots: list[Path],
        family: str,
        checkpoints: dict[Path, Checkpoint],
        send: Callable[[Batch], Awaitable[None]],
        clock: Callable[[], int],
        counts: Counts | None = None,
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self.counts = counts or Counts()
        self._roots = roots
        self._family = family
        self._checkpoints = checkpoints
        self._send_batch = send
        self._clock = clock
        self._stopping = stopping
        self._files: dict[Path, TranscriptFile] = {}
        self._path_of_inode = {_inode(known.stamp): path for path, known in checkpoints.items()}
        self._stores = SessionStores()
        # Files that are no transcripts, as they were then.
        self._others: dict[Path, Stamp] = {}
        # Files that grew since they were last verified as a whole, as they were at the last look around.
        self._unverified: dict[Path, Stamp] = {}
        self._resend_since = 0
        # Long files that are read piece by piece, while others pass between the pieces.
        self._being_read: set[Path] = set()
        self._others_pass_at = 0.0

    async def read_all(
        self, *, final: bool, resend_since: int = LAST_MOMENT, on_file: Callable[[], None] = lambda: None
    ) -> None:
        """Reads everything there is, and sends the head of each transcript.

        Args:
            final: Nothing more is expected: unterminated last lines are lines.
            resend_since: Lines that were sent before but are no older than this (epoch ms) are sent again; none by
                default.
            on_file: Called after each file.
        """
        self._resend_since = resend_since
        paths = await asyncio.to_thread(self._found)
        self.counts.files_found, self.counts.files_read = len(paths), 0
        for path in paths:
            if self._stopping():
                return
            await self._read(path, final=final, head=True)
            self.counts.files_read += 1
            on_file()
        self._resend_since = self._clock()

    async def read_changed(self, changed: Iterable[Path]) -> None:
        """Reads what is new in files of which something changed; others that it concerns are found."""
        paths: set[Path] = set()
        for path in changed:
            if path.name == FILE_NAME:
                await self._refresh(path.parent)
            elif file_name_facts(path.name) is not None:
                paths.add(path)
                paths.update(self._put_away(path))
            elif path.is_dir():
                paths.update(scan(path, self._unreadable))
        for path in sorted(paths, key=reading_order):
            if self._stopping():
                return
            await self._read(path)

    async def let_others_pass(self) -> None:
        """Reads what was appended to files meanwhile; called between the pieces of whatever takes long."""
        if time.monotonic() < self._others_pass_at:
            return
        for path, file in list(self._files.items()):
            # What was renamed waits for its turn: its old name is read before what stands in its place.
            if path not in self._being_read and self._differs(path) and self._is_in_place(file.checkpoint):
                await self._read(path)
        self._others_pass_at = time.monotonic() + _SLICE_S

    async def look_around(self) -> AsyncGenerator[None, None]:
        """Reads what changed unnoticed, verifies files that have come to rest, forgets files that are no more.

        Yields:
            After each small piece of this: what changes may be read there.
        """
        known, found, changed = set(self._files), set[Path](), []
        for root in self._roots:
            for path in scan(root, self._unreadable):
                found.add(path)
                if self._differs(path):
                    changed.append(path)
                yield
        self.counts.files_found = len(found)
        for path in sorted(changed, key=reading_order):
            await self.read_changed([path])
            yield
        for path in self._at_rest():
            for _ in self._verified(path):
                yield
            await self._read_suspect(path)
        self._forget(known - found, found)

    @property
    def watched(self) -> int:
        """How many transcripts are read."""
        return len(self._files)

    def gone(self) -> list[Path]:
        """Checkpoints of files that were below the roots and are no more, nor were they renamed."""
        return [
            path
            for path in self._checkpoints
            if any(root in path.parents and root.exists() for root in self._roots) and not path.exists()
        ]

    def _at_rest(self) -> Iterator[Path]:
        """Files that grew since they were verified, but no longer."""
        for path, stamp in list(self._unverified.items()):
            file = self._files.get(path)
            if file is not None and file.checkpoint.stamp != stamp:
                self._unverified[path] = file.checkpoint.stamp
                continue
            self._unverified.pop(path, None)
            if file is not None:
                yield path

    def _verified(self, path: Path) -> Iterator[None]:
        try:
            yield from self._files[path].verify()
        except FileNotFoundError:
            pass  # gone since it was found
        except OSError as error:
            self._unreadable(path, error)

    async def _read_suspect(self, path: Path) -> None:
        file = self._files.get(path)
        if file is not None and file.suspect:
            await self._read(path)

    def _forget(self, gone: Iterable[Path], found: Container[Path]) -> None:
        for path in gone:
            # With its folder gone a file may come back, as when a disk is mounted again.
            if path.parent.exists():
                self._files.pop(path, None)
        self._others = {path: stamp for path, stamp in self._others.items() if path in found}
        self._path_of_inode = {_inode(file.checkpoint.stamp): path for path, file in self._files.items()}

    def _found(self) -> list[Path]:
        paths = {path for root in self._roots for path in scan(root, self._unreadable)}
        return sorted(paths, key=reading_order)

    def _differs(self, path: Path) -> bool:
        file = self._files.get(path)
        known = file.checkpoint.stamp if file else self._others.get(path)
        try:
            return Stamp.of(path.stat()) != known
        except OSError:
            return False

    def _put_away(self, path: Path) -> Iterator[Path]:
        """The new names of a file that was renamed: they must be read before what stands in its place."""
        file = self._files.get(path)
        if file is None or self._is_in_place(file.checkpoint):
            return
        for sibling in path.parent.glob(f"{escape(path.name)}.*"):
            if sibling not in self._files and file_name_facts(sibling.name) is not None:
                yield sibling

    async def _refresh(self, folder: Path) -> None:
        changes = self._stores.refresh(folder)
        moved = {reset.session_id: reset.at for reset in changes.moved}
        concerned = changes.sessions | moved.keys()
        if not concerned:
            return  # it is written again at every message
        for path, file in list(self._files.items()):
            session_id = file.source.session_id
            if session_id not in concerned or path.parent != folder:
                continue
            await self._send(file.context(self._facts(path, session_id)))
            if session_id in moved:
                await self._send(file.reset(moved[session_id]))

    def _facts(self, path: Path, session_id: str) -> list[SessionFacts]:
        """What `sessions.json` says of a file's session.

        A file that the assistant found without a header was begun anew, with a header of another id than its name's:
        `sessions.json` still knows it by its name.
        """
        named = file_name_facts(path.name)
        found = self._stores.facts(path.parent, session_id)
        return found or (self._stores.facts(path.parent, named.session_id) if named else [])

    async def _read(self, path: Path, *, final: bool = False, head: bool = False) -> None:
        try:
            if path not in self._files:
                await self._refresh(path.parent)
            file, renamed = self._file(path)
            if file is None:
                return
            facts = file_name_facts(path.name)
            put_away = facts is not None and facts.state != "LIVE"
            await self._send(file.context(self._facts(path, file.source.session_id)))
            await self._read_file(file, final=final or put_away)
            self._remember(file)
            if head or put_away:
                seen = renamed and put_away
                await self._send(file.head("ARCHIVED", "OBSERVED") if seen else file.head("IMPORTED", "INFERRED"))
        except FileNotFoundError:
            pass  # gone since it was found; where it was renamed, its new name is found too
        except OSError as error:
            self._unreadable(path, error)

    async def _read_file(self, file: TranscriptFile, *, final: bool) -> None:
        batches = file.read(final=final)
        long = file.unverified_bytes > _LONG_READ_BYTES
        batch = await asyncio.to_thread(next, batches, None) if long else next(batches, None)
        while batch is not None and not self._stopping():
            await self._send(batch)
            # Sending need not wait for anything, and others want to run.
            await asyncio.sleep(0)
            self._being_read.add(file.path)
            try:
                await self.let_others_pass()
            finally:
                self._being_read.discard(file.path)
            batch = next(batches, None)

    async def _send(self, batch: Batch | None) -> None:
        if batch is not None:
            await self._send_batch(batch)

    def _file(self, path: Path) -> tuple[TranscriptFile | None, bool]:
        """The transcript at a path, and whether it was known by another name; None where it is none."""
        if path in self._files:
            return self._files[path], False
        known = self._checkpoints.pop(path, None)
        if known is not None:
            file = TranscriptFile(path, self._source(path, known.session_id), self._clock, known)
            file.resend(self._resend_since)
            return self._add(file), False
        session_id = self._recognised(path)
        if session_id is None:
            return None, False
        file = TranscriptFile(path, self._source(path, session_id), self._clock)
        return self._add(file), self._is_renamed(file)

    def _recognised(self, path: Path) -> str | None:
        with path.open("rb") as content:
            session_id = recognise(path, first_lines(content))
            if session_id is None:
                self.counts.skipped[path] = "not a transcript" if content.tell() else "empty"
                self._others[path] = Stamp.of(os.fstat(content.fileno()))
            return session_id

    def _is_renamed(self, file: TranscriptFile) -> bool:
        inode = _inode(Stamp.of(file.path.stat()))
        for path in {self._path_of_inode.get(inode, file.path), file.path.with_name(live_name(file.path.name))}:
            if path == file.path:
                continue
            known = self._files[path].checkpoint if path in self._files else self._checkpoints.get(path)
            if known is not None and not self._is_in_place(known) and file.continues(known):
                self._files.pop(path, None)
                self._checkpoints.pop(path, None)
                return True
        return False

    def _is_in_place(self, known: Checkpoint) -> bool:
        try:
            return _inode(Stamp.of(known.path.stat())) == _inode(known.stamp)
        except OSError:
            return False

    def _source(self, path: Path, session_id: str) -> TranscriptSource:
        facts = self._facts(path, session_id)
        return TranscriptSource(
            session_id=session_id,
            family=self._family,
            agent_id=agent_of(path) or next((found.agent_id for found in facts if found.agent_id), None),
            brand=brand_of(path),
            file_name=str(storable(path.name)),
        )

    def _add(self, file: TranscriptFile) -> TranscriptFile:
        self._files[file.path] = file
        self._others.pop(file.path, None)
        self.counts.skipped.pop(file.path, None)
        self.counts.transcripts.add(file.path)
        self.counts.sessions.add(file.source.session_id)
        return file

    def _remember(self, file: TranscriptFile) -> None:
        self._path_of_inode[_inode(file.checkpoint.stamp)] = file.path
        if file.assumed:
            self._unverified.setdefault(file.path, Stamp(0, 0, 0, 0))
        self.counts.skipped.pop(file.path, None)
        self.counts.sessions.add(file.source.session_id)

    def _unreadable(self, path: Path, error: OSError) -> None:
        if self.counts.skipped.get(path) != "unreadable":
            self.counts.skipped[path] = "unreadable"
            log.warning("can't be read, passed over", path=str(path), reason=error.strerror)


def _inode(stamp: Stamp) -> tuple[int, int]:
    return stamp.device, stamp.inode
