"""Where an event stands once it was accepted."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Receipt:
    """The event is on the broker, or in the spool that goes there.

    Attributes:
        event_id: Which event.
        topic: Its topic.
        partition: Its partition.
        offset: Its offset there; -1 where the broker took a repeated request and no longer knew. None while the event
            is in the spool.
    """

    event_id: str
    topic: str
    partition: int
    offset: int | None

    @property
    def spooled(self) -> bool:
        """Whether the event waits on disk for the broker to come back."""
        return self.offset is None
