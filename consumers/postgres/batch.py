"""What a record is to PostgreSQL, and what a batch of them comes to: which rows go in, which go away. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from consumers.postgres.copying import RowWriter, UnfitError, row_writer
from consumers.postgres.rows import TABLES, tables_of, version
from consumers.sink import Received
from schemas.topics import EVENTS
from sessiontrack.errors import TerminalError

_WRITERS: dict[str, RowWriter] = {table.name: row_writer(table.columns) for table in TABLES}
_OF_TOPIC = {table.topic.name: tables_of(table.topic.name) for table in TABLES}


class Stored(NamedTuple):
    """A record as it will be stored.

    Attributes:
        id: Its id.
        version: Its version; the higher one wins, of equal ones the first.
        rows: For each table of its topic its rows, as COPY reads them.
        placed: Whether its rows can only be where its time says: see `consumers.postgres.sink`.
    """

    id: str
    version: int
    rows: tuple[bytes, ...]
    placed: bool


class Removed(NamedTuple):
    """A tombstone.

    Attributes:
        id: Of the record whose rows go.
    """

    id: str


@dataclass(slots=True)
class Changes:
    """The changes of one topic's tables.

    Attributes:
        records: What is stored for each id, of the highest version.
        removed: Ids whose rows go, whatever their version; a record that came after its tombstone is in both.
    """

    records: dict[str, Stored] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)

    def add(self, record: Stored) -> None:
        """Takes a record; a repeated or older version changes nothing."""
        known = self.records.get(record.id)
        if known is None or record.version > known.version:
            self.records[record.id] = record

    def remove(self, record_id: str) -> None:
        """Takes a tombstone."""
        self.records.pop(record_id, None)
        self.removed.add(record_id)


def project(topic: str, key: bytes, record: Any) -> Stored | Removed:
    """What a record is to the store.

    Args:
        topic: Name of its topic.
        key: Its key.
        record: Its value; None is a tombstone.

    Raises:
        TerminalError: A value that its column can't hold, or a tombstone that names no single row.
    """
    if record is None:
        return Removed(_removed_id(topic, key))
    tables = _OF_TOPIC[topic]
    try:
        rows = tuple(b"".join(map(_WRITERS[table.name], table.rows(record))) for table in tables)
    except UnfitError as error:
        raise TerminalError(f"PostgreSQL has no place for a value: {error}") from error
    placed = topic != EVENTS.name or record["chain"] is not None
    return Stored(record[tables[0].key[0]], version(record), rows, placed)


def fold(batch: Iterable[Received]) -> dict[str, Changes]:
    """The changes by topic, of projected records in the order of each partition."""
    changes: dict[str, Changes] = {}
    for received in batch:
        of_topic = changes.setdefault(received.partition.topic, Changes())
        projection: Stored | Removed = received.projection
        if isinstance(projection, Removed):
            of_topic.remove(projection.id)
        else:
            of_topic.add(projection)
    return changes


def _removed_id(topic: str, key: bytes) -> str:
    if topic == EVENTS.name:
        # Its key is the session: taken as a deletion, one stray null would empty a history.
        raise TerminalError("an event has no tombstone: the key of the topic is not the event's id")
    try:
        return key.decode("utf-8")
    except UnicodeDecodeError as error:
        raise TerminalError("the key of a tombstone is not UTF-8") from error
