"""What a batch comes to for each topic: which records go in, which rows go away. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from consumers.postgres.rows import tables_of, version
from consumers.sink import Received
from schemas.topics import EVENTS
from sessiontrack.errors import TerminalError


@dataclass(slots=True)
class Changes:
    """The changes of one topic's tables.

    Attributes:
        records: The record of the highest version for each id.
        removed: Ids whose rows go, whatever their version; a record that came after its tombstone is in both.
    """

    records: dict[str, Any] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)

    def add(self, record_id: str, record: Any) -> None:
        """Takes a record; a repeated or older version changes nothing."""
        known = self.records.get(record_id)
        if known is None or version(record) > version(known):
            self.records[record_id] = record

    def remove(self, record_id: str) -> None:
        """Takes a tombstone."""
        self.records.pop(record_id, None)
        self.removed.add(record_id)


def fold(batch: Iterable[Received]) -> dict[str, Changes]:
    """The changes by topic, of records in the order of each partition.

    Raises:
        TerminalError: A tombstone that names no single row.
    """
    changes: dict[str, Changes] = {}
    for received in batch:
        topic = received.partition.topic
        of_topic = changes.setdefault(topic, Changes())
        if received.record is None:
            of_topic.remove(_removed_id(received))
        else:
            of_topic.add(received.record[tables_of(topic)[0].key[0]], received.record)
    return changes


def _removed_id(received: Received) -> str:
    if received.partition.topic == EVENTS.name:
        # Its key is the session: taken as a deletion, one stray null would empty a history.
        raise TerminalError("an event has no tombstone: the key of the topic is not the event's id")
    try:
        return received.key.decode("utf-8")
    except UnicodeDecodeError as error:
        raise TerminalError("the key of a tombstone is not UTF-8") from error
