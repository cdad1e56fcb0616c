"""How far a rebuild is, and how long it will take. The clock is an argument."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """A moment of a rebuild.

    Attributes:
        doing: What is being done.
        read: Records that were read, by earlier runs too.
        left: Records that are left to read, as far as is known.
        written: Records that were written by this run.
        seconds: Since this run began.
        read_by_run: Records that this run has read.
    """

    doing: str
    read: int
    left: int
    written: int
    seconds: float
    read_by_run: int

    @property
    def rate(self) -> float:
        """Records read in a second, by this run."""
        return self.read_by_run / self.seconds if self.seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """How long the rest takes at this rate; None before anything was read."""
        return self.left / self.rate if self.rate else None


Report = Callable[[Progress], None]


class Meter:
    """Counts what a run does, and reports it.

    Args:
        report: Told after each chunk.
        clock: Seconds, monotonic.
    """

    def __init__(self, report: Report, clock: Callable[[], float]) -> None:
        self._report = report
        self._clock = clock
        self._begun = clock()
        self._doing = ""
        self._before = 0
        self._left = 0
        self._read = 0
        self._written = 0

    def resume(self, read: int) -> None:
        """Notes how many records earlier runs have read."""
        self._before = read

    def begin(self, doing: str, left: int) -> None:
        """Begins a part.

        Args:
            doing: What it does.
            left: Records that are left to read.
        """
        self._doing = doing
        self._left = left
        self._report(self.now())

    def count(self, read: int, written: int) -> None:
        """Counts a chunk."""
        self._read += read
        self._written += written
        self._left = max(0, self._left - read)
        self._report(self.now())

    def now(self) -> Progress:
        """This moment."""
        seconds = self._clock() - self._begun
        return Progress(self._doing, self._before + self._read, self._left, self._written, seconds, self._read)
