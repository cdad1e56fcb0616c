"""The sources of transcripts, as one: files, then databases and what is compressed."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing
from pathlib import Path

from producers.clawdbot.checkpoints import CheckpointKey
from producers.clawdbot.database_reader import DatabaseReader
from producers.clawdbot.fields import LAST_MOMENT
from producers.clawdbot.reader import Reader


class Sources:
    """All transcripts below some roots, however they are stored.

    Args:
        files: Reads files.
        databases: Reads databases and compressed files; shares the counts of the first.
    """

    def __init__(self, files: Reader, databases: DatabaseReader) -> None:
        self._files = files
        self._databases = databases

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

    def gone(self) -> list[CheckpointKey]:
        """Checkpoints of what is no more."""
        return [*self._files.gone(), *self._databases.gone()]

    def close(self) -> None:
        """Closes what is open."""
        self._databases.close()
