from __future__ import annotations

import gzip
import zlib
from io import BytesIO
from typing import Any, NamedTuple

import pytest
from avro.datafile import DataFileReader
from avro.io import DatumReader
from hypothesis import given
from hypothesis import strategies as st

from bench.throughput import corpus, prepared
from consumers.archive import container
from consumers.archive.blocks import ArchiveRecord, FoldedRecord, fold_record
from consumers.archive.container import ContainerBuilder, CorruptSegmentError, read_records, read_schemas
from consumers.archive.entries import entry
from consumers.archive.known import End, occurrence
from consumers.sink import Partition, Received
from schemas.avro import load_schema
from schemas.codec import Decoder
from tests.unit.consumers.archive_reader import read_segment

records: st.SearchStrategy[list[Any]] = st.lists(
    st.builds(
        dict,
        offset=st.integers(0, 2**63 - 1),
        timestamp=st.integers(-1, 2**63 - 1),
        key=st.binary(max_size=1) | st.binary(max_size=40),
        value=st.none() | st.binary(max_size=200),
        headers=st.lists(
            st.builds(dict, name=st.text(max_size=10), value=st.none() | st.binary(max_size=10)), max_size=4
        ),
    ),
    max_size=20,
)
SCHEMAS = {7: {"type": "string"}, 12: {"type": "record", "name": "R", "fields": []}}


def folded(record: ArchiveRecord) -> FoldedRecord:
    headers = [(header["name"], header["value"]) for header in record["headers"]]
    # Whatever is said of its line: some are such lines, most are not.
    line = (record["value"] or b"")[-20:]
    of = occurrence(line, End(b"chain", 3, 4), "family") if line else None
    return fold_record(record["offset"], record["timestamp"], record["key"], record["value"], headers, of)


def built(given_records: list[ArchiveRecord], name: str = "name") -> bytes:
    builder = ContainerBuilder()
    for record in given_records:
        builder.append(folded(record))
    return builder.content(name, SCHEMAS)


@given(records, st.integers(1, 500))
def test_records_come_back_as_they_were(given_records: list[Any], block_bytes: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(container, "_BLOCK_BYTES", block_bytes)
        content = built(given_records)
    assert list(read_records(content)) == given_records
    assert read_schemas(content) == SCHEMAS


@given(records)
def test_equal_records_give_equal_bytes_however_often_it_was_asked_for_them(given_records: list[Any]) -> None:
    builder = ContainerBuilder()
    for record in given_records:
        builder.append(folded(record))
        builder.content("meanwhile", {})
    assert builder.content("name", SCHEMAS) == built(given_records)


@given(records, st.data())
def test_records_of_some_keys_are_read_alone(given_records: list[Any], data: st.DataObject) -> None:
    keys = data.draw(st.sets(st.sampled_from([record["key"] for record in given_records] or [b""])))
    wanted = [record for record in given_records if record["key"] in keys]
    assert list(read_records(built(given_records), keys)) == wanted


def test_the_file_is_what_the_avro_specification_says() -> None:
    record = ArchiveRecord(offset=1, timestamp=2, key=b"k", value=b"v" * 50, headers=[])
    with DataFileReader(BytesIO(built([record, record])), DatumReader()) as reader:
        assert reader.get_meta("avro.codec") == b"zstandard"
        blocks: list[Any] = list(reader)
    [block] = blocks
    assert (block["offsets"], block["timestamps"], block["keys"]) == ([1, 0], [2, 0], [b"k"])


@pytest.mark.parametrize("cut", [0, 3, 100, -1], ids=["empty", "magic", "header", "last byte"])
def test_a_torn_file_is_named_corrupt(cut: int) -> None:
    content = built([ArchiveRecord(offset=1, timestamp=2, key=b"k", value=zlib.compress(b"v" * 50), headers=[])])
    with pytest.raises(CorruptSegmentError):
        list(read_records(content[:cut]))


@pytest.mark.parametrize(
    "garbage", [b"not avro at all", bytes(200), b"Obj\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"]
)
def test_garbage_is_named_corrupt(garbage: bytes) -> None:
    with pytest.raises(CorruptSegmentError):
        read_schemas(garbage)


class Busy(NamedTuple):
    """A segment of as many sessions as go on beside each other, what it was made of, and their transcripts."""

    transcripts: list[bytes]
    log: list[Received]
    content: bytes


@pytest.fixture(scope="module")
def busy() -> Busy:
    sessions = list(corpus.generate(2000, 30))
    log = [
        Received(Partition("events", 0), offset, offset, record.key, record.value, record.headers)
        for offset, record in enumerate(prepared.encoded(prepared.captured(sessions)))
    ]
    decoder = Decoder("session-event", lambda schema_id: load_schema("session-event"))
    builder = ContainerBuilder()
    for received in log:
        builder.append(entry(received, decoder).record)
    transcripts = [b"".join(line.raw for line in session.lines) for session in sessions]
    return Busy(transcripts, log, builder.content("name", SCHEMAS))


def test_a_segment_is_smaller_than_gzip_makes_the_transcripts(busy: Busy) -> None:
    assert len(busy.content) < sum(len(gzip.compress(transcript, 9)) for transcript in busy.transcripts)


def test_a_program_that_was_written_from_the_page_reads_a_segment(busy: Busy) -> None:
    for received, record in zip(busy.log, read_segment(busy.content), strict=True):
        headers = [(header["name"], header["value"]) for header in record["headers"]]
        assert (record["offset"], record["timestamp"]) == (received.offset, received.timestamp)
        assert (record["key"], record["value"], headers) == (received.key, received.value, received.headers)


@given(records)
def test_a_program_that_was_written_from_the_page_reads_any_record(given_records: list[Any]) -> None:
    assert list(read_segment(built(given_records))) == given_records
