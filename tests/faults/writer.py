"""A writer that keeps appending to transcripts, and keeps count of what it wrote, line by line."""

from __future__ import annotations

import json
import random
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from bench.corpus import append_line, live_session

# Sessions that go on at the same time; a session ends at so many lines, and another one begins.
OPEN_SESSIONS = 6
LINES_OF_A_SESSION = 150
# Bursts as of an assistant at work: some lines at once, then a pause; 15 lines a second on average.
MOST_LINES_AT_ONCE = 8
LONGEST_PAUSE_S = 0.6


@dataclass
class Written:
    """What a plain count of the lines says that the stores must hold.

    Attributes:
        lines: By session.
        messages: By session: lines of the type `message`.
        tool_calls: By session: blocks of the type `toolCall`.
    """

    lines: Counter[str] = field(default_factory=Counter)
    messages: Counter[str] = field(default_factory=Counter)
    tool_calls: Counter[str] = field(default_factory=Counter)

    def add(self, session_id: str, line: bytes) -> None:
        """Counts a line."""
        self.lines[session_id] += 1
        entry = json.loads(line)
        if entry["type"] == "message":
            self.messages[session_id] += 1
            blocks = entry["message"]["content"]
            self.tool_calls[session_id] += sum(isinstance(each, dict) and each["type"] == "toolCall" for each in blocks)


class Writer:
    """Appends lines of several sessions in a thread of its own, until it is told to pause.

    Args:
        root: The state folder; made if need be.
        seed: Equal seeds give equal sessions; when each line is written depends on the machine.
    """

    def __init__(self, root: Path, seed: int) -> None:
        self.root = root
        self.written = Written()
        self._folder = root / "agents" / "main" / "sessions"
        self._folder.mkdir(parents=True)
        self._random = random.Random(f"writer:{seed}")
        self._open = [self._begin() for _ in range(OPEN_SESSIONS)]
        self._may_write = threading.Event()
        self._stopped = threading.Event()
        self._writing = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)

    def __enter__(self) -> Writer:
        self._may_write.set()
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._stopped.set()
        self._may_write.set()
        self._thread.join()

    @contextmanager
    def paused(self) -> Iterator[Written]:
        """Nothing is written; gives what was written until now."""
        self._may_write.clear()
        with self._writing:  # the burst that is being written ends first
            pass
        try:
            yield self.written
        finally:
            self._may_write.set()

    def transcripts(self) -> dict[str, Path]:
        """The file of each session that has lines."""
        return {session_id: self._folder / f"{session_id}.jsonl" for session_id in self.written.lines}

    def _begin(self) -> tuple[Path, Iterator[bytes]]:
        session_id = str(UUID(int=self._random.getrandbits(128), version=4))
        path = self._folder / f"{session_id}.jsonl"
        return path, live_session(path, self._random.getrandbits(32))

    def _run(self) -> None:
        while not self._stopped.is_set():
            self._may_write.wait()
            with self._writing:
                if self._may_write.is_set():
                    self._burst()
            self._stopped.wait(self._random.uniform(0, LONGEST_PAUSE_S))

    def _burst(self) -> None:
        place = self._random.randrange(OPEN_SESSIONS)
        path, lines = self._open[place]
        for _ in range(self._random.randint(1, MOST_LINES_AT_ONCE)):
            line = next(lines)
            append_line(path, line)
            self.written.add(path.stem, line)
        if self.written.lines[path.stem] >= LINES_OF_A_SESSION:
            self._open[place] = self._begin()
