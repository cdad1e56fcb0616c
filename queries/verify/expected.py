"""What the log implies: the records that each store should hold, told to the ledger as the log is read.

The derived records are made by the very stages that the worker runs, so that a stage that lost or doubled something
shows as well as a sink that did.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

from consumers.archive.layout import Log
from consumers.opensearch.documents import dataset_of, document
from consumers.postgres.digests import digest as row_sha256
from consumers.postgres.rows import BY_NAME, TABLES, Row, Table, tables_of
from queries.verify.chain import EVENTS, check_chain
from queries.verify.comparison import Dataset
from queries.verify.ledger import Ledger
from schemas.records import SessionEvent
from schemas.topics import DERIVED
from sessiontrack.identity import canonical_json
from streams.batch import Output, Placed, process_batch

ARCHIVE = Dataset("archive", "events")
CLAIMS = Dataset("archive", "claims")
POSTGRES = tuple(Dataset("postgres", table.name) for table in TABLES)
OPENSEARCH = tuple(Dataset("opensearch", dataset_of(topic.name)) for topic in DERIVED)

# Digests by record id, of each unit of each dataset.
_Expected = dict[tuple[Dataset, str], dict[str, bytes]]

_EVENTS_TABLE = BY_NAME["events"]
_TABLES_OF = {topic.name: tables_of(topic.name) for topic in DERIVED}
_KEY_PLACES = {
    table.name: [[column.name for column in table.columns].index(name) for name in table.key] for table in TABLES
}
# A unit of the archive. As many offsets as a full segment has, so that a segment that is new brings one unit; but any
# number would do: a unit is compared with whatever segments hold its offsets.
BLOCK = 4096
# Of SHA-256: enough for any number of records that differ by accident, and half of the ledger's size.
_DIGEST_BYTES = 16


class LogRecord(NamedTuple):
    """A record of the events topic.

    Attributes:
        log: Which life of the topic it is of.
        partition: Its partition.
        offset: Its offset.
        key: Its key.
        value: Its framed value; None for a tombstone, which no event has.
        event: Its decoded value; None where it does not decode.
    """

    log: Log
    partition: int
    offset: int
    key: bytes
    value: bytes | None
    event: SessionEvent | None


class Block(NamedTuple):
    """A unit of the archive: an aligned run of offsets.

    Attributes:
        log: The log.
        partition: Its partition.
        number: Which block, from 0.
    """

    log: Log
    partition: int
    number: int

    def __str__(self) -> str:
        return "/".join((*self.log, str(self.partition), str(self.number)))

    @classmethod
    def parse(cls, name: str) -> Block:
        """The block of this name."""
        *log, partition, number = name.split("/")
        return cls(Log(*log), int(partition), int(number))

    @property
    def first(self) -> int:
        """Its first offset."""
        return self.number * BLOCK

    @property
    def end(self) -> int:
        """The first offset after it."""
        return self.first + BLOCK


def fold(ledger: Ledger, records: Sequence[LogRecord]) -> None:
    """Tells the ledger what records imply; all of it comes in at once.

    Args:
        ledger: As the records before them left it.
        records: Of one partition, in the order of the log; at least one.
    """
    with ledger.batch():
        _expect_archived(ledger, records)
        first = ledger.count("records")
        events = [(first + place, each.event) for place, each in enumerate(records) if each.event is not None]
        ledger.add("records", len(records))
        ledger.add("undecodable", len(records) - len(events))
        ledger.add("repeats", sum(not _expect_event(ledger, event) for _, event in events))
        _derive(ledger, events)
        last = records[-1]
        ledger.advance(last.log, last.partition, last.offset + 1)


def _expect_archived(ledger: Ledger, records: Iterable[LogRecord]) -> None:
    expected: _Expected = defaultdict(dict)
    for each in records:
        block = Block(each.log, each.partition, each.offset // BLOCK)
        expected[ARCHIVE, str(block)][place_id(each.partition, each.offset)] = value_digest(each.value)
    _tell(ledger, expected)


def _expect_event(ledger: Ledger, event: SessionEvent) -> bool:
    """False for a repeat."""
    session_id = event["session_id"]
    row = row_digest(_EVENTS_TABLE.rows(event)[0])
    if not ledger.expect_first(EVENTS, session_id, event["event_id"], row):
        return False
    check_chain(ledger, event)
    reference = event["payload"]["reference"] if event["payload"] else None
    if reference is not None:
        ledger.expect(CLAIMS, reference["key"], [(reference["key"], reference["sha256"][:_DIGEST_BYTES])])
    return True


def _derive(ledger: Ledger, events: Sequence[Placed]) -> None:
    """Runs the stages, repeats and all, as the worker does."""
    changes = process_batch(ledger, events)
    expected: _Expected = defaultdict(dict)
    # Of the outputs with one key the last counts.
    for output in {(each.topic.name, each.key): each for each in changes.outputs}.values():
        _expect_record(expected, output)
    _tell(ledger, expected)
    ledger.write_state(changes.writes)


def _expect_record(expected: _Expected, output: Output) -> None:
    topic, session_id = output.topic.name, output.session_id
    for table in _TABLES_OF[topic]:
        rows = expected[Dataset("postgres", table.name), session_id]
        rows.update((row_id(table, row), row_digest(row)) for row in table.rows(output.record))
    found = document(topic, output.record)
    expected[Dataset("opensearch", found.dataset), session_id][found.id] = document_digest(found.body)


def _tell(ledger: Ledger, expected: _Expected) -> None:
    """Of many records at once: what a statement costs is mostly to begin it."""
    for (dataset, unit), records in expected.items():
        ledger.expect(dataset, unit, records.items())


def place_id(partition: int, offset: int) -> str:
    """The id of an archived record."""
    return f"{partition}/{offset}"


def row_id(table: Table, row: Row) -> str:
    """The key of a row as one text."""
    return "/".join(str(row[place]) for place in _KEY_PLACES[table.name])


def row_digest(row: Row) -> bytes:
    """Digest of a row, equal for one that is made of a record and for the stored one."""
    return row_sha256(row)[:_DIGEST_BYTES]


def document_digest(body: Any) -> bytes:
    """Digest of a document, whatever the order of its fields."""
    return sha256(canonical_json(body)).digest()[:_DIGEST_BYTES]


def value_digest(value: bytes | None) -> bytes:
    """Digest of a record's value, or of a claim."""
    return sha256(value or b"").digest()[:_DIGEST_BYTES]
