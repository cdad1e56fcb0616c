from __future__ import annotations

import zlib
from io import BytesIO
from typing import Any

import pytest
from avro.datafile import DataFileReader
from avro.io import DatumReader
from fastavro import parse_schema, schemaless_writer
from hypothesis import given
from hypothesis import strategies as st

from consumers.archive import container
from consumers.archive.container import (
    ArchiveRecord,
    ContainerBuilder,
    CorruptSegmentError,
    encode_record,
    read_records,
    read_schemas,
)

records: st.SearchStrategy[list[Any]] = st.lists(
    st.builds(
        dict,
        offset=st.integers(0, 2**63 - 1),
        timestamp=st.integers(-1, 2**62),
        key=st.binary(max_size=40),
        value=st.none() | st.binary(max_size=200),
        headers=st.lists(
            st.builds(dict, name=st.text(max_size=10), value=st.none() | st.binary(max_size=10)), max_size=4
        ),
    ),
    max_size=20,
)
SCHEMAS = {7: {"type": "string"}, 12: {"type": "record", "name": "R", "fields": []}}


def encoded(record: ArchiveRecord) -> bytes:
    headers = [(header["name"], header["value"]) for header in record["headers"]]
    return encode_record(record["offset"], record["timestamp"], record["key"], record["value"], headers)


def built(given_records: list[ArchiveRecord], name: str = "name") -> bytes:
    builder = ContainerBuilder()
    for record in given_records:
        builder.append(encoded(record))
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
        builder.append(encoded(record))
        builder.content("meanwhile", {})
    assert builder.content("name", SCHEMAS) == built(given_records)


@given(records)
def test_a_record_is_encoded_as_its_schema_says(given_records: list[Any]) -> None:
    schema = parse_schema(container.RECORD_SCHEMA)
    for record in given_records:
        expected = BytesIO()
        schemaless_writer(expected, schema, record)
        assert encoded(record) == expected.getvalue()


def test_the_file_is_what_the_avro_specification_says() -> None:
    record = ArchiveRecord(offset=1, timestamp=2, key=b"k", value=b"v" * 50, headers=[])
    with DataFileReader(BytesIO(built([record, record])), DatumReader()) as reader:
        assert reader.get_meta("avro.codec") == b"zstandard"
        assert list(reader) == [record, record]


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
