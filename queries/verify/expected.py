"""What the log implies: the ledgers of every dataset of every store, filled by reading the log once.

The derived records are made by the very stages that the worker runs, so that a stage that lost or doubled something
shows as well as a sink that did.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, NamedTuple

from consumers.opensearch.documents import dataset_of, document
from consumers.postgres.rows import BY_NAME, TABLES, Row, Table, digest, tables_of
from queries.verify.chain import ChainCheck
from queries.verify.ledger import Ledger
from schemas.records import SessionEvent
from schemas.topics import DERIVED, Topic
from sessiontrack.identity import canonical_json
from streams.derive import derive

EVENTS_TABLE = BY_NAME["events"]


class LogRecord(NamedTuple):
    """A record of the events topic.

    Attributes:
        partition: Its partition.
        offset: Its offset.
        value: Its framed value.
        event: Its decoded value; None where it does not decode.
    """

    partition: int
    offset: int
    value: bytes
    event: SessionEvent | None


@dataclass
class Expectation:
    """What each store should hold, and how the log itself stands.

    Attributes:
        archive: By `partition/offset`.
        claims: Large lines, by object key.
        claim_sessions: The session of each of them.
        postgres: By table.
        opensearch: By dataset.
        chain: The transcripts' lines: each must lead from the one before, and its bytes must give its chain.
        events: Records read.
        repeats: Of those, how many had come before.
        undecodable: Of those, how many do not decode.
        sessions: Ids of the sessions.
    """

    archive: Ledger = field(default_factory=lambda: Ledger("archive", "events"))
    claims: Ledger = field(default_factory=lambda: Ledger("archive", "claims"))
    postgres: dict[str, Ledger] = field(
        default_factory=lambda: {table.name: Ledger("postgres", table.name) for table in TABLES}
    )
    opensearch: dict[str, Ledger] = field(
        default_factory=lambda: {
            dataset_of(topic.name): Ledger("opensearch", dataset_of(topic.name)) for topic in DERIVED
        }
    )
    chain: Ledger = field(default_factory=lambda: Ledger("log", "lines"))
    claim_sessions: dict[str, str] = field(default_factory=dict)
    events: int = 0
    repeats: int = 0
    undecodable: int = 0
    sessions: set[str] = field(default_factory=set)

    def add_partition(self, records: Iterable[LogRecord]) -> None:
        """Adds what the records of one partition imply; a session's records are all in one partition.

        Args:
            records: All of the partition (or of some of its sessions), in the order of the log.
        """
        lines = ChainCheck(self.chain)
        derived = derive(self._decoded(records, lines))
        lines.close()
        tables: tuple[dict[str, Any], ...] = (derived.sessions, derived.messages, derived.tool_calls)
        for topic, of_topic in zip(DERIVED, tables, strict=True):
            for record in of_topic.values():
                self._expect_record(topic, record)

    def _decoded(self, records: Iterable[LogRecord], lines: ChainCheck) -> Iterator[SessionEvent]:
        """Passes every event on, repeats too, as the stages get them."""
        for record in records:
            self.events += 1
            session_id = record.event["session_id"] if record.event else None
            self.archive.expect(f"{record.partition}/{record.offset}", sha256(record.value).digest(), session_id)
            if record.event is None:
                self.undecodable += 1
                continue
            self._expect_event(record.event, lines)
            yield record.event

    def _expect_event(self, event: SessionEvent, lines: ChainCheck) -> None:
        session_id = event["session_id"]
        row = EVENTS_TABLE.rows(event)[0]
        if not self.postgres[EVENTS_TABLE.name].expect_first(event["event_id"], digest(row), session_id):
            self.repeats += 1
            return
        self.sessions.add(session_id)
        lines.add(event)
        reference = event["payload"]["reference"] if event["payload"] else None
        if reference is not None:
            self.claims.expect(reference["key"], reference["sha256"], session_id)
            self.claim_sessions[reference["key"]] = session_id

    def _expect_record(self, topic: Topic, record: Any) -> None:
        for table in tables_of(topic.name):
            for row in table.rows(record):
                self.postgres[table.name].expect(row_id(table, row), digest(row), record["session_id"])
        expected = document(topic.name, record)
        self.opensearch[expected.dataset].expect(expected.id, document_digest(expected.body), record["session_id"])


def row_id(table: Table, row: Row) -> str:
    """The key of a row as one text."""
    names = [column.name for column in table.columns]
    return "/".join(str(row[names.index(name)]) for name in table.key)


def document_digest(body: Any) -> bytes:
    """SHA-256 of a document, whatever the order of its fields."""
    return sha256(canonical_json(body)).digest()
