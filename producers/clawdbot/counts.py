"""What a capture counts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from producers.clawdbot.batches import Batch


@dataclass(slots=True)
class Counts:
    """What was read since the start.

    Attributes:
        files_found: Files that are named like transcripts.
        files_read: Of these, the ones that were looked at.
        transcripts: Of these, the transcripts.
        sessions: Their sessions.
        events: Events that were sent.
        lines: Lines that were sent.
        bytes: Bytes of these lines.
        unparsed: Lines of these that could not be parsed.
        faults: Lines of these with a fault, by fault.
        skipped: Why a file or folder was passed over.
    """

    files_found: int = 0
    files_read: int = 0
    transcripts: set[Path] = field(default_factory=set)
    sessions: set[str] = field(default_factory=set)
    events: int = 0
    lines: int = 0
    bytes: int = 0
    unparsed: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    skipped: dict[Path, str] = field(default_factory=dict)

    def add(self, batch: Batch) -> None:
        """Counts what was sent."""
        self.events += len(batch.events)
        self.lines += batch.lines
        self.bytes += batch.bytes
        self.unparsed += batch.unparsed
        self.faults.update(batch.faults)
