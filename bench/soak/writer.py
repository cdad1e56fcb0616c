"""Writes transcripts as an assistant does, as fast as the pipeline takes them."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

from bench.corpus import append_line, live_session

# Conversations that go on at a time, and how long each is: what a house with some agents has, in fast motion.
_LIVE = 20
_LINES = 150
# A finished transcript is pruned, as the assistant does, long after it has been read.
_KEPT_S = 60.0
_TICK_S = 0.05


class Writer:
    """Appends lines to live transcripts at a rate, while those who read keep up.

    Args:
        root: The state folder.
        rate: Most lines a second.

    Attributes:
        lines: Written so far.
        sessions: Begun so far.
    """

    def __init__(self, root: Path, rate: float) -> None:
        self._folder = root / "agents" / "main" / "sessions"
        self._folder.mkdir(parents=True)
        self._rate = rate
        self._live: deque[tuple[Path, Iterator[bytes], int]] = deque()
        self._finished: deque[tuple[float, Path]] = deque()
        self.lines = 0
        self.sessions = 0

    async def run(self, may_write: Callable[[], bool]) -> None:
        """Writes until it is cancelled.

        Args:
            may_write: Whether those who read keep up.
        """
        debt = 0.0
        while True:
            began = time.monotonic()
            debt = min(debt + self._rate * _TICK_S, self._rate) if may_write() else 0.0
            while debt >= 1:
                self._append()
                debt -= 1
            self._prune()
            await asyncio.sleep(max(0.0, began + _TICK_S - time.monotonic()))

    def _append(self) -> None:
        while len(self._live) < _LIVE:
            path = self._folder / f"{uuid4()}.jsonl"
            self.sessions += 1
            # Not all in step, or all would end at once.
            length = _LINES // 2 + self.sessions * _LINES // _LIVE % _LINES
            self._live.append((path, live_session(path, self.sessions, now=time.time_ns() // 1_000_000), length))
        path, lines, left = self._live.popleft()
        append_line(path, next(lines))
        self.lines += 1
        if left > 1:
            self._live.append((path, lines, left - 1))
        else:
            self._finished.append((time.monotonic(), path))

    def _prune(self) -> None:
        while self._finished and time.monotonic() - self._finished[0][0] > _KEPT_S:
            self._finished.popleft()[1].unlink()
