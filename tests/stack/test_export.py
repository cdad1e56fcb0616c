"""What a person asks of the archive, with nothing running but the object store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Any
from uuid import uuid4

import pytest

from consumers.archive.entries import Entry, entry
from consumers.archive.layout import Log
from consumers.archive.objects import ObjectStore
from consumers.archive.placement import put_segment
from consumers.archive.segments import PartitionSegments
from consumers.sink import Partition, Received
from infra.bucket import create_bucket
from producers.claims import with_reference
from producers.transcript import Transcript, TranscriptSource, head_event, split_lines
from queries.archive import partition_of
from queries.export import ExportError, export, generations, resolve_in_archive
from schemas.avro import load_schema
from schemas.codec import Decoder, Encoder
from schemas.records import SessionEvent
from schemas.topics import EVENTS
from sessiontrack.errors import NotFoundError, UnavailableError, UsageError
from sessiontrack.settings import Settings

SCHEMA_ID = 7
ENCODER = Encoder(EVENTS.schema, SCHEMA_ID)
DECODER = Decoder(EVENTS.schema, lambda schema_id: load_schema(EVENTS.schema))
LOG = Log("cluster", "log", EVENTS.name)


class ArchivedLog:
    """An archive that is filled without Kafka."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.store = ObjectStore(settings.s3)

    def put(self, events: Sequence[SessionEvent], *, log: Log = LOG, partition: int | None = None) -> None:
        """Puts events of one session as a segment that begins at offset 0."""
        number = partition_of(events[0]["session_id"]) if partition is None else partition
        held = PartitionSegments()
        held.add([self._entry(Partition(log.topic, number), offset, event) for offset, event in enumerate(events)], 0.0)
        for segment in held.due(60.0):
            put_segment(self.store, segment.key(log, number), segment, {SCHEMA_ID: load_schema(EVENTS.schema)})

    def export(self, session_id: str, generation: str | int | None = None) -> bytes:
        return b"".join(export(self.settings, session_id, generation))

    @staticmethod
    def _entry(partition: Partition, offset: int, event: SessionEvent) -> Entry:
        headers = [("ce_id", event["event_id"].encode())]
        return entry(
            Received(partition, offset, 0, event["session_id"].encode(), ENCODER.encode(event), headers), DECODER
        )


@pytest.fixture
def archive(stack_settings: Settings) -> Iterator[ArchivedLog]:
    own = stack_settings.s3.model_copy(update={"bucket": f"test-{uuid4().hex[:12]}"})
    create_bucket(own)
    log = ArchivedLog(stack_settings.model_copy(update={"s3": own}))
    yield log
    for key in log.store.keys(""):
        log.store.delete(key)
    log.store._client.remove_bucket(own.bucket)
    log.store.close()


def transcript(session_id: str, data: bytes, **head: Any) -> list[SessionEvent]:
    source = TranscriptSource(session_id=session_id)
    reducer = Transcript(source)
    lines, _ = split_lines(data, final=True)
    events = [reducer.append(line, captured_at=1) for line in lines]
    facts: dict[str, Any] = {"reason": "IMPORTED", "state": "LIVE", "captured_at": 2} | head
    return [*events, head_event(source, reducer.position, **facts)]


def test_a_generation_is_chosen_by_number_or_by_its_head(archive: ArchivedLog) -> None:
    session_id = str(uuid4())
    old = transcript(session_id, b"one\ntwo\n", state="RESET", archived_at=5)
    archive.put([*old, *transcript(session_id, b"one\nthree\n")])
    first, second = generations(archive.settings, session_id)
    assert (first.number, first.state, first.lines, first.sha256) == (1, "RESET", 2, sha256(b"one\ntwo\n").digest())
    assert (second.number, second.current) == (2, True)
    for wanted in (1, "1", first.chain.hex(), first.chain.hex()[:12]):
        assert archive.export(session_id, wanted) == b"one\ntwo\n"
    assert archive.export(session_id) == archive.export(session_id, 2) == b"one\nthree\n"
    with pytest.raises(NotFoundError, match="no generation 3"):
        archive.export(session_id, 3)


def test_a_session_is_found_by_the_beginning_of_its_id(archive: ArchivedLog) -> None:
    ids = ["aaaa1111-0000-4000-8000-000000000000", "aaaa2222-0000-4000-8000-000000000000"]
    for session_id in ids:
        archive.put(transcript(session_id, b"one\n"))
    assert [resolve_in_archive(archive.settings, wanted) for wanted in ("aaaa1", ids[1])] == ids
    with pytest.raises(UsageError, match=r"2 sessions begin with 'aaaa': aaaa1111.*, aaaa2222"):
        resolve_in_archive(archive.settings, "aaaa")
    with pytest.raises(NotFoundError):
        resolve_in_archive(archive.settings, "bbbb")


def test_a_large_line_is_fetched_from_where_it_is(archive: ArchivedLog) -> None:
    session_id, large = str(uuid4()), b"x" * 700_000 + b"\n"
    events = transcript(session_id, b"one\n" + large + b"three\n")
    events[1], raw = with_reference(events[1])
    archive.put(events)
    payload = events[1]["payload"]
    assert payload
    assert payload["reference"]
    key = payload["reference"]["key"]
    with pytest.raises(ExportError, match=f"line 2 .*{key}"):
        archive.export(session_id)
    archive.store.put(key, raw)
    assert archive.export(session_id) == b"one\n" + large + b"three\n"
    archive.store.put(key, raw[:-2] + b"y\n")
    with pytest.raises(ExportError, match=r"line 2 .*is not what was captured"):
        archive.export(session_id)


def test_a_line_that_was_altered_is_named_before_it_is_given(archive: ArchivedLog) -> None:
    session_id = str(uuid4())
    events = transcript(session_id, b"one\ntwo\nthree\n")
    payload = events[1]["payload"]
    assert payload
    payload["raw"] = b"TWO\n"
    archive.put(events)
    lines = export(archive.settings, session_id)
    assert next(lines) == b"one\n"
    with pytest.raises(ExportError, match="line 2 "):
        next(lines)


def test_a_head_that_does_not_fit_is_told(archive: ArchivedLog) -> None:
    session_id = str(uuid4())
    events = transcript(session_id, b"one\n")
    payload = events[-1]["payload"]
    assert payload
    assert payload["transcript_head"]
    payload["transcript_head"]["sha256"] = bytes(32)
    archive.put(events)
    with pytest.raises(ExportError, match="SHA-256"):
        archive.export(session_id)


def test_lines_come_together_from_several_logs(archive: ArchivedLog) -> None:
    session_id = str(uuid4())
    events = transcript(session_id, b"one\ntwo\nthree\nfour\n")
    archive.put(events[2:], log=LOG._replace(log_id="a"))
    archive.put(events[1::2], log=LOG._replace(log_id="b"))
    archive.put(events[:3], log=LOG._replace(cluster_id="other"))
    assert archive.export(session_id) == b"one\ntwo\nthree\nfour\n"


def test_a_session_in_an_unexpected_partition_is_found(archive: ArchivedLog) -> None:
    session_id = str(uuid4())
    archive.put(transcript(session_id, b"one\n"), partition=(partition_of(session_id) + 1) % EVENTS.partitions)
    assert archive.export(session_id) == b"one\n"


def test_a_manifest_that_is_missing_hides_no_session(archive: ArchivedLog) -> None:
    session_id = str(uuid4())
    archive.put(transcript(session_id, b"one\n"))
    for key in archive.store.keys("archive/"):
        if not key.endswith(".avro"):
            archive.store.delete(key)
    assert archive.export(session_id) == b"one\n"
    assert resolve_in_archive(archive.settings, session_id[:8]) == session_id


def test_an_absent_object_store_is_told(stack_settings: Settings) -> None:
    away = stack_settings.s3.model_copy(update={"endpoint": "127.0.0.1:1"})
    with pytest.raises(UnavailableError, match=r"127\.0\.0\.1:1"):
        resolve_in_archive(stack_settings.model_copy(update={"s3": away}), "a")
