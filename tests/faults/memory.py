"""A log and stores in memory: they take what the real ones take, and keep of it what the real ones keep."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from consumers.opensearch.bulk import Operation, check, combined, operation
from consumers.postgres.batch import Removed, Stored, fold, project
from consumers.sink import Partition, Received
from schemas.avro import load_schema
from schemas.codec import Decoder, Encoder
from schemas.registry import RegistryError
from schemas.topics import DERIVED, EVENTS, TOPICS, Topic
from sessiontrack.errors import TerminalError, TransientError
from sessiontrack.settings import OpenSearchSettings

_SCHEMA_IDS = {topic.subject: number for number, topic in enumerate(TOPICS, 1)}
_SCHEMAS = {number: load_schema(topic.schema) for number, topic in enumerate(TOPICS, 1)}
_UNKNOWN_ID = 99
_INDEXES = OpenSearchSettings()


@dataclass
class Registry:
    """The schemas of all topics, by ids that never change.

    Attributes:
        knows_all: Whether it has the schema too that `UNKNOWN_ENCODER` states.
    """

    knows_all: bool = False

    def register(self, subject: str, schema: Any) -> int:
        return _SCHEMA_IDS[subject]

    def schema(self, schema_id: int) -> Any:
        if schema_id == _UNKNOWN_ID and self.knows_all:
            return _SCHEMAS[_SCHEMA_IDS[EVENTS.subject]]
        try:
            return _SCHEMAS[schema_id]
        except KeyError:
            raise RegistryError("unknown", 404) from None


EVENT_ENCODER = Encoder(EVENTS.schema, _SCHEMA_IDS[EVENTS.subject])
UNKNOWN_ENCODER = Encoder(EVENTS.schema, _UNKNOWN_ID)
"""States a schema that the registry may come to know."""


class Record(NamedTuple):
    """A record of the log, with the names that a consumer gives."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


class MemoryLog:
    """Topics of partitions; what is in them never changes."""

    def __init__(self) -> None:
        self._records: defaultdict[Partition, list[Record]] = defaultdict(list)

    def append(
        self, partition: Partition, key: bytes, value: bytes | None, headers: Sequence[tuple[str, bytes]]
    ) -> int:
        """Appends a record; returns its offset."""
        records = self._records[partition]
        records.append(Record(*partition, len(records), 0, key, value, headers))
        return len(records) - 1

    def only(self, topic: Topic) -> MemoryLog:
        """A log that holds the records of one topic."""
        log = MemoryLog()
        for partition, records in self._records.items():
            if partition.topic == topic.name:
                log._records[partition] = list(records)
        return log

    def read(self, partition: Partition, offset: int, count: int | None = None) -> list[Record]:
        """Records from an offset on."""
        return self._records[partition][offset : None if count is None else offset + count]


def is_unfit(record_id: str) -> bool:
    """Whether the stores have no place for a record until they are mended: one in sixteen, always the same."""
    return record_id.endswith("0")


@dataclass
class MemoryPostgres:
    """Rows by topic and id: a newer version replaces an older one, of an event the first stays.

    Attributes:
        is_mended: Whether it has a place for every record.
        rows: Version and rows, as COPY reads them.
    """

    name = "postgres"
    topics = (EVENTS, *DERIVED)
    is_mended: bool = False
    rows: dict[tuple[str, str], tuple[int, tuple[bytes, ...]]] = field(default_factory=dict)

    def project(self, received: Received, decoder: Decoder) -> Stored | Removed:
        """As the sink does."""
        assert received.value is not None
        return self.project_record(received.partition.topic, received.key, decoder.decode(received.value))

    def project_record(self, topic: str, key: bytes, record: Any) -> Stored | Removed:
        """As a rebuild does."""
        return project(topic, key, record)

    def write(self, batch: Sequence[Received], most: int | None) -> None:
        """One transaction, which is done whole or not at all, whatever `most` is.

        Raises:
            TerminalError: A record does not fit.
        """
        changes = fold(batch)
        if not self.is_mended and any(
            is_unfit(record_id) for change in changes.values() for record_id in change.records
        ):
            raise TerminalError("no place for a value")
        for topic, change in changes.items():
            for record in change.records.values():
                known = self.rows.get((topic, record.id))
                if known is None or known[0] < record.version:
                    self.rows[topic, record.id] = (record.version, record.rows)

    def contents(self) -> dict[tuple[str, str], Any]:
        """Everything, by topic and id."""
        return dict(self.rows)


@dataclass
class MemoryOpenSearch:
    """Documents by index and id, with external versions: an older or an equal one is a conflict.

    Attributes:
        is_mended: Whether it has a place for every record.
        documents: Version and body.
    """

    name = "opensearch"
    topics = DERIVED
    is_mended: bool = False
    documents: dict[tuple[str, str], tuple[int, bytes]] = field(default_factory=dict)

    def project(self, received: Received, decoder: Decoder) -> Operation:
        """As the sink does."""
        assert received.value is not None
        return self.project_record(received.partition.topic, received.key, decoder.decode(received.value))

    def project_record(self, topic: str, key: bytes, record: Any) -> Operation:
        """As a rebuild does."""
        return operation(topic, key, record, _INDEXES)

    def write(self, batch: Sequence[Received], most: int | None) -> None:
        """One bulk request.

        Args:
            batch: Projected records.
            most: Operations that it does before it is overloaded.

        Raises:
            TransientError: Some operations were not done.
            TerminalError: A record does not fit; the others are stored.
        """
        lines = b"".join(combined(received.projection for received in batch)).splitlines()
        pairs = zip(map(json.loads, lines[::2]), lines[1::2], strict=True)
        items = [
            self._index(action["index"], body)
            if most is None or place < most
            else _answer(action["index"], 429, "rejected_execution_exception")
            for place, (action, body) in enumerate(pairs)
        ]
        check({"errors": any("error" in item["index"] for item in items), "items": items})

    def contents(self) -> dict[tuple[str, str], Any]:
        """Everything, by topic and id."""
        topics = {_INDEXES.alias(topic.name.split(".")[1]): topic.name for topic in DERIVED}
        return {(topics[index], document_id): found for (index, document_id), found in self.documents.items()}

    def _index(self, action: dict[str, Any], body: bytes) -> dict[str, Any]:
        if not self.is_mended and is_unfit(action["_id"]):
            return _answer(action, 400, "mapper_parsing_exception")
        known = self.documents.get((action["_index"], action["_id"]))
        if known is not None and known[0] >= action["version"]:
            return _answer(action, 409, "version_conflict_engine_exception")
        self.documents[action["_index"], action["_id"]] = (action["version"], body)
        return _answer(action, 200)


@dataclass
class MemoryObjects:
    """Objects by key.

    Attributes:
        objects: Their contents.
        most: Calls that it takes before it is away.
    """

    objects: dict[str, bytes] = field(default_factory=dict)
    most: int | None = None

    def keys(self, prefix: str) -> list[str]:
        """Keys that begin with `prefix`, sorted."""
        self._call()
        return sorted(key for key in self.objects if key.startswith(prefix))

    def put(self, key: str, content: bytes) -> None:
        """Puts an object."""
        self._call()
        self.objects[key] = content

    def delete(self, key: str) -> None:
        """Deletes an object; deleting it again changes nothing."""
        self._call()
        self.objects.pop(key, None)

    def _call(self) -> None:
        if self.most is None:
            return
        if self.most == 0:
            raise TransientError("the object store does not serve")
        self.most -= 1


def _answer(action: dict[str, Any], status: int, error: str | None = None) -> dict[str, Any]:
    result = {"_index": action["_index"], "_id": action["_id"], "status": status}
    return {"index": result | ({"error": {"type": error}} if error else {})}
