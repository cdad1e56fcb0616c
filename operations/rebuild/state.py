"""What a rebuild remembers on disk: the stages' state, how far each partition is read, and which records it made.

One write takes all that a chunk of events comes to, after the store has it: wherever a rebuild is killed, it goes on
with the chunk that it was at, and what that writes again changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import takewhile
from pathlib import Path
from typing import Any, NamedTuple

from rocksdict import Options, Rdict, WriteBatch

from operations.rebuild.cursor import Cursor

# No session's key: 0xff is in no UTF-8 text.
_CURSOR = b"\xffcursor/%d"
_COUNT = b"\xffcount/%d/"
_RECORD = b"\xffrecord/"
_REFUSED = b"\xffrefused/"
# RocksDB's own defaults would let memory grow to GiB.
_WRITE_BUFFER_BYTES = 16 * 1024 * 1024
_OPEN_FILES = 64


class RecordId(NamedTuple):
    """Names a record that a store holds.

    Attributes:
        topic: Name of its topic.
        id: Its id there.
    """

    topic: str
    id: str


class RebuildState:
    """State of one rebuild; it is the `State` of the stages, too. Safe to use from several threads.

    Args:
        folder: Where it is kept; made if it is missing.
    """

    def __init__(self, folder: Path) -> None:
        options = Options(raw_mode=True)
        options.create_if_missing(True)
        options.set_write_buffer_size(_WRITE_BUFFER_BYTES)
        options.set_max_open_files(_OPEN_FILES)
        self._database = Rdict(str(folder), options)
        # The records of a session are all in one partition: what is counted by partition has one writer at a time.
        self._counts: dict[int, dict[str, int]] = {}
        self._refused = set(self._stored_refusals())

    def get(self, key: bytes, /) -> bytes | None:
        """A value of the stages' state; None where there is none."""
        value: bytes | None = self._database.get(key)
        return value

    def cursor(self, partition: int) -> Cursor:
        """How far a partition is read."""
        stored = self.get(_CURSOR % partition)
        return Cursor(*json.loads(stored)) if stored else Cursor()

    def knows(self, record: RecordId) -> bool:
        """Whether a chunk came to this record."""
        return self._database.get(_record_key(_RECORD, record)) is not None

    @property
    def refused(self) -> frozenset[RecordId]:
        """The records that the store does not take."""
        return frozenset(self._refused)

    def counts(self, partitions: Iterable[int]) -> dict[str, int]:
        """How many distinct records the store should hold, by topic: those that it refused are left out.

        Args:
            partitions: All partitions.
        """
        totals: dict[str, int] = {}
        for partition in partitions:
            for topic, count in self._count(partition).items():
                totals[topic] = totals.get(topic, 0) + count
        for topic, _ in self._refused:
            totals[topic] -= 1
        return totals

    def commit(
        self,
        partition: int,
        cursor: Cursor,
        writes: Mapping[bytes, bytes],
        records: Mapping[RecordId, bool],
    ) -> None:
        """Remembers a chunk whose records the store has.

        Args:
            partition: Where it was read.
            cursor: Where to read on.
            writes: To the stages' state.
            records: The records that it came to, and whether the store took them.
        """
        batch = WriteBatch(raw_mode=True)
        for key, value in writes.items():
            batch.put(key, value)
        counts = dict(self._count(partition))
        for record, is_taken in records.items():
            if not self.knows(record):
                batch.put(_record_key(_RECORD, record), b"")
                counts[record.topic] = counts.get(record.topic, 0) + 1
            self._note_refusal(batch, record, is_taken)
        batch.put(_CURSOR % partition, json.dumps(cursor).encode())
        batch.put(_COUNT % partition, json.dumps(counts).encode())
        self._database.write(batch)
        self._counts[partition] = counts

    def close(self) -> None:
        """Closes the database."""
        self._database.close()

    def _stored_refusals(self) -> Iterator[RecordId]:
        keys: Iterator[Any] = iter(self._database.keys(from_key=_REFUSED))
        for key in takewhile(lambda key: key.startswith(_REFUSED), keys):
            topic, _, record_id = key.removeprefix(_REFUSED).decode().partition("/")
            yield RecordId(topic, record_id)

    def _note_refusal(self, batch: Any, record: RecordId, is_taken: bool) -> None:
        if not is_taken:
            batch.put(_record_key(_REFUSED, record), b"")
            self._refused.add(record)
        elif record in self._refused:
            batch.delete(_record_key(_REFUSED, record))
            self._refused.discard(record)

    def _count(self, partition: int) -> dict[str, int]:
        if partition not in self._counts:
            stored = self.get(_COUNT % partition)
            self._counts[partition] = json.loads(stored) if stored else {}
        return self._counts[partition]


def _record_key(prefix: bytes, record: RecordId) -> bytes:
    return prefix + f"{record.topic}/{record.id}".encode()
