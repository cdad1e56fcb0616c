"""Tells the ledgers what each store holds."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256

from consumers.archive.blocks import ArchiveRecord
from consumers.archive.container import CorruptSegmentError
from consumers.archive.layout import Log
from consumers.postgres.rows import BY_NAME, digest
from queries.archive import Archive, Segment
from queries.opensearch import fetch_documents
from queries.postgres import connected, stored_rows
from queries.verify.expected import document_digest, row_id
from queries.verify.ledger import Ledger
from sessiontrack.settings import Settings


def tell_archive(archive: Archive, log: Log, ends: Mapping[int, int], keys: set[str] | None, ledger: Ledger) -> None:
    """The archived records of one log, up to a cut.

    Args:
        archive: A connection.
        log: The log that the cut is in.
        ends: End offset by partition; other partitions are not looked at.
        keys: Only records with these keys; None for all.
        ledger: Expects `partition/offset`.
    """
    for partition, end in ends.items():
        for segment in archive.segments(partition):
            if segment.key.log == log and segment.key.first < end:
                _tell_segment(archive, segment, end, keys, ledger)


def _tell_segment(archive: Archive, segment: Segment, end: int, keys: set[str] | None, ledger: Ledger) -> None:
    if not segment.has_manifest:
        ledger.differ("missing", segment.key.manifest, None, "the manifest of a segment")
    try:
        for record in archive.records(segment):
            key = record["key"].decode("utf-8", "replace")
            if record["offset"] < end and (keys is None or key in keys):
                place = f"{segment.key.partition}/{record['offset']}"
                ledger.found(place, _value_digest(record), key)
    except CorruptSegmentError as error:
        ledger.differ("altered" if segment.has_records else "missing", segment.key.object, None, str(error))


def _value_digest(record: ArchiveRecord) -> bytes:
    return sha256(record["value"] or b"").digest()


def tell_claims(archive: Archive, sessions: Mapping[str, str], ledger: Ledger) -> None:
    """The large lines.

    Args:
        archive: A connection.
        sessions: The session of each claim, by object key.
        ledger: Expects object keys.
    """
    for key, session_id in sessions.items():
        try:
            ledger.found(key, sha256(archive.claim(key)).digest(), session_id)
        except CorruptSegmentError:
            continue  # not there: the ledger misses it


def tell_postgres(settings: Settings, session_id: str | None, ledgers: Mapping[str, Ledger]) -> None:
    """The rows of every table.

    Args:
        settings: Where PostgreSQL is.
        session_id: Only of this session.
        ledgers: By table.
    """
    with connected(settings) as connection:
        for name, ledger in ledgers.items():
            table = BY_NAME[name]
            session_column = [column.name for column in table.columns].index("session_id")
            for row in stored_rows(connection, table, session_id):
                ledger.found(row_id(table, row), digest(row), row[session_column])


def tell_opensearch(settings: Settings, session_id: str | None, ledgers: Mapping[str, Ledger]) -> None:
    """The documents of every index.

    Args:
        settings: Where OpenSearch is.
        session_id: Only of this session.
        ledgers: By dataset.
    """
    for name, ledger in ledgers.items():
        for found in fetch_documents(settings, name, session_id):
            ledger.found(found.id, document_digest(found.source), found.source.get("session_id"))
