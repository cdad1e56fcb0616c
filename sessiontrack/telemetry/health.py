"""Whether a worker is alive, and whether it is ready."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

# Longer than any pause that is normal: a worker that waits for its store beats on.
_LONGEST_SILENCE_S = 60.0


@dataclass(slots=True)
class Health:
    """What a worker says of itself; read from the thread that answers probes.

    Attributes:
        waiting_for: What it waits for, such as `kafka` or `postgres`; empty when it is ready.
    """

    waiting_for: str = "start"
    _beat_at: float = field(default_factory=time.monotonic)

    def beat(self) -> None:
        """Says that the worker's loop turns; call it at least every few seconds."""
        self._beat_at = time.monotonic()

    def ready(self) -> None:
        """Says that it works."""
        self.waiting_for = ""
        self.beat()

    def waits(self, what: str) -> None:
        """Says that it waits for something; it is alive, but not ready."""
        self.waiting_for = what
        self.beat()

    @property
    def is_alive(self) -> bool:
        """Whether its loop turns."""
        return time.monotonic() - self._beat_at < _LONGEST_SILENCE_S

    @property
    def is_ready(self) -> bool:
        """Whether it works and waits for nothing."""
        return self.is_alive and not self.waiting_for
