"""What is sent together, and acknowledged together."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from producers.clawdbot.checkpoints import AnyCheckpoint
from schemas.records import SessionEvent

# A batch is what one checkpoint covers: small enough to bound memory, large enough to make checkpoints rare.
_BATCH_EVENTS = 500
_BATCH_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Batch:
    """Events to send, in order, and what may be remembered once the broker has them.

    Attributes:
        events: The events.
        checkpoint: How far the file, or session of a database, is read then.
        renamed_from: The file's name before, whose checkpoint is void then.
        lines: Lines that were read.
        bytes: Bytes that were read.
        unparsed: Lines of these that could not be parsed.
        faults: Lines of these with a fault, by fault.
    """

    events: list[SessionEvent]
    checkpoint: AnyCheckpoint
    renamed_from: Path | None = None
    lines: int = 0
    bytes: int = 0
    unparsed: int = 0
    faults: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class Gathering:
    """A batch in the making.

    Attributes:
        events: The events.
        lines: Lines that were read.
        bytes: Bytes that were read.
        unparsed: Lines of these that could not be parsed.
        faults: Lines of these with a fault, by fault.
    """

    events: list[SessionEvent] = field(default_factory=list)
    lines: int = 0
    bytes: int = 0
    unparsed: int = 0
    faults: Counter[str] = field(default_factory=Counter)

    def add(self, event: SessionEvent, length: int, fault: str | None = None) -> None:
        """Adds the event of a line of so many bytes, and what is wrong with the line."""
        self.events.append(event)
        self.lines += 1
        self.bytes += length
        self.unparsed += event["kind"] == "UNPARSED"
        if fault is not None:
            self.faults[fault] += 1

    @property
    def full(self) -> bool:
        """Whether it should be sent."""
        return len(self.events) >= _BATCH_EVENTS or self.bytes >= _BATCH_BYTES
