"""The sources of transcripts, as one: files, then databases and what is compressed."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import aclosing
from pathlib import Path

from producers.clawdbot.batches import Batch
from producers.clawdbot.checkpoints import Checkpoint, CheckpointKey
from producers.clawdbot.counts import Counts
from producers.clawdbot.database_reader import DatabaseReader
from producers.clawdbot.fields import LAST_MOMENT
from producers.clawdbot.generation_checkpoints import GenerationCheckpoint, GenerationKey
from producers.clawdbot.reader import Reader
from sessiontrack.telemetry.metrics import CaptureMetrics


class Sources:
    """All transcripts below some roots, however they are stored.

    Args:
        roots: Folders (or files) to read.
        family: Products that share identities.
        checkpoints: What of files was acknowledged before, by path.
        generations: The same of sessions in databases, and of archives.
        send: Takes batches.
        clock: Gives the time, epoch milliseconds.
        counts: What to add to.
        stopping: Whether to end before all is read.
        metrics: Counts lines, faults and files.
    """

    def __init__(
        self,
        roots: list[Path],
        family: str,
        checkpoints: dict[Path, Checkpoint],
        generations: dict[GenerationKey, GenerationCheckpoint],
        send: Callable[[Batch], Awaitable[None]],
        clock: Callable[[], int],
        counts: Counts | None = None,
        stopping: Callable[[], bool] = lambda: False,
        metrics: CaptureMetrics | None = None,
    ) -> None:
        self.counts = counts or Counts()
        self._send_batch = send
        self._metrics = metrics or CaptureMetrics()
        shared = (clock, self.counts, stopping)
        self._files = Reader(roots, family, checkpoints, self._send, *shared)
        self._databases = DatabaseReader(roots, family, generations, self._send_of_database, *shared)

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
        await self._files.read_all(final=final, resend_since=resend_since, on_file=on_file)
        await self._databases.read_all(final=final, resend_since=resend_since, on_file=on_file)
        self._note_files()

    async def read_changed(self, changed: Iterable[Path]) -> None:
        """Reads what is new where something changed."""
        paths = set(changed)
        await self._files.read_changed(paths)
        await self._databases.read_changed(paths)

    async def look_around(self) -> AsyncGenerator[None, None]:
        """Reads what changed unnoticed; pauses after each small piece of the work."""
        for reader in (self._files, self._databases):
            async with aclosing(reader.look_around()) as round_:
                async for _ in round_:
                    yield
        self._note_files()

    def gone(self) -> list[CheckpointKey]:
        """Checkpoints of what is no more."""
        return [*self._files.gone(), *self._databases.gone()]

    def close(self) -> None:
        """Closes what is open."""
        self._databases.close()

    async def _send(self, batch: Batch) -> None:
        await self._send_batch(batch)
        self.counts.add(batch)
        self._metrics.received(batch.lines)
        for fault, lines in batch.faults.items():
            self._metrics.fault(fault, lines)

    async def _send_of_database(self, batch: Batch) -> None:
        await self._send(batch)
        # A database may take long.
        await self._files.let_others_pass()

    def _note_files(self) -> None:
        watched = self._files.watched + self._databases.watched
        self._metrics.files(watched, Counter(self.counts.skipped.values()))
