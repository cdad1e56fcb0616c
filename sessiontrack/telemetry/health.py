"""Whether a worker is alive, whether it is ready, and whether it keeps up."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

Status = Literal["ready", "late", "waiting", "stuck"]
# Longer than any pause that is normal: a worker that waits for its store beats on.
_LONGEST_SILENCE_S = 60.0


@dataclass(slots=True)
class Health:
    """What a worker says of itself; read from the thread that answers probes.

    Attributes:
        waiting_for: What it waits for, such as `kafka` or `postgres`; empty when it is ready.
        late_after_s: Seconds that its oldest record may wait to be processed.
        oldest_age_s: Tells for how long that record has been waiting; 0 where there is none.
    """

    waiting_for: str = "start"
    late_after_s: float = math.inf
    oldest_age_s: Callable[[], float] = lambda: 0.0
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
        """Whether it works, waits for nothing, and keeps up."""
        return self.status == "ready"

    @property
    def status(self) -> Status:
        """In a word. `late`: it works, but what it works on is older than it may be."""
        if not self.is_alive:
            return "stuck"
        if self.waiting_for:
            return "waiting"
        return "late" if self.oldest_age_s() > self.late_after_s else "ready"
