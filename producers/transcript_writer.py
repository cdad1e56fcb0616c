"""Publishes a transcript line by line."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

from producers.receipt import Receipt
from producers.transcript import Transcript, TranscriptSource, head_event
from schemas.records import SessionEvent
from sessiontrack.errors import UsageError


class TranscriptWriter:
    """Publishes the lines of one transcript, from its first line on.

    Args:
        emit: Publishes an event.
        source: Whose transcript it is.
    """

    def __init__(self, emit: Callable[[SessionEvent], Awaitable[Receipt]], source: TranscriptSource) -> None:
        self._emit = emit
        self._transcript = Transcript(source)

    async def append(self, line: bytes | str) -> Receipt:
        """Publishes the next line and waits until it is accepted.

        Args:
            line: One JSON object, say; it gets a line end where it has none.

        Raises:
            UsageError: It is more than one line.
            TerminalError: It can't be published.
            TransientError: The broker and the spool refused it.
        """
        data = line.encode("utf-8", "surrogatepass") if isinstance(line, str) else line
        terminated = data if data.endswith(b"\n") else data + b"\n"
        if terminated.count(b"\n") != 1:
            raise UsageError("a line holds a line end", hint="Append each line by itself.")
        return await self._emit(self._transcript.append(terminated, captured_at=_now_ms()))

    async def close(self) -> Receipt:
        """Publishes the head, which proves that the transcript is whole."""
        head = head_event(
            self._transcript.source,
            self._transcript.position,
            reason="CLOSED",
            state="LIVE",
            captured_at=_now_ms(),
        )
        return await self._emit(head)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
