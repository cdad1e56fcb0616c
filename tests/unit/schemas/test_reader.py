"""Our reader against the reference implementation that writes it."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from fastavro import parse_schema, schemaless_writer
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.avro import SCHEMA_FILES, load_schema
from schemas.codec import without_remarks
from schemas.reader import reader
from tests.unit.schemas.test_codec import values

NAMED = {"type": "record", "name": "R", "fields": [{"name": "a", "type": "long"}, {"name": "b", "type": "string"}]}


def written(schema: Any, value: Any) -> bytes:
    buffer = BytesIO()
    schemaless_writer(buffer, parse_schema(schema), value)
    return buffer.getvalue()


READERS = {name: reader(without_remarks(load_schema(name))) for name in SCHEMA_FILES}


@pytest.mark.parametrize("name", SCHEMA_FILES)
@settings(max_examples=30)
@given(data=st.data())
def test_what_fastavro_writes_is_read(name: str, data: st.DataObject) -> None:
    schema = without_remarks(load_schema(name))
    record = data.draw(values(schema, {}))

    assert READERS[name](b"frame" + written(schema, record), 5) == record


_EVENT = without_remarks(load_schema("session-event"))
_PASSED = ("captured_at", "chain", "inherited", "payload", "entry_id", "kind", "line_number")
_PASSING = reader(_EVENT, without=[f"SessionEvent.{name}" for name in _PASSED])


@given(data=st.data())
def test_records_do_not_have_what_is_passed_over(data: st.DataObject) -> None:
    record = data.draw(values(_EVENT, {}))

    found = _PASSING(written(_EVENT, record), 0)

    assert found == {name: value for name, value in record.items() if name not in _PASSED}


def test_a_field_that_is_not_there_is_not_passed_over() -> None:
    with pytest.raises(ValueError, match=r"no field SessionEvent\.other"):
        reader(_EVENT, without=["SessionEvent.other", "SessionEvent.chain"])


@pytest.mark.parametrize("name", SCHEMA_FILES)
@settings(max_examples=30)
@given(data=st.data())
def test_a_value_that_is_cut_short_or_goes_on_is_refused(name: str, data: st.DataObject) -> None:
    schema = without_remarks(load_schema(name))
    value = written(schema, data.draw(values(schema, {})))

    for wrong in (value[: data.draw(st.integers(0, len(value) - 1))], value + b"\0"):
        with pytest.raises((IndexError, ValueError, KeyError, OverflowError)):
            READERS[name](wrong, 0)


@given(st.binary(max_size=100))
def test_arbitrary_bytes_come_to_an_end(data: bytes) -> None:
    for read in READERS.values():
        try:
            read(data, 0)
        except (IndexError, ValueError, KeyError, OverflowError):
            continue


@given(st.lists(st.lists(st.integers(-(2**63), 2**63 - 1))))
def test_arrays_in_arrays(value: list[list[int]]) -> None:
    schema = {"type": "array", "items": {"type": "array", "items": "long"}}
    assert reader(schema)(written(schema, value), 0) == value


def test_a_named_type_is_used_again() -> None:
    schema = {"type": "record", "name": "P", "fields": [{"name": "x", "type": NAMED}, {"name": "y", "type": "R"}]}
    value = {"x": {"a": 1, "b": "one"}, "y": {"a": -2, "b": ""}}
    assert reader(schema)(written(schema, value), 0) == value


def test_a_block_that_states_its_size() -> None:
    # Two items, negated, in two bytes, then none.
    assert reader({"type": "array", "items": "long"})(bytes([3, 4, 2, 4, 0]), 0) == [1, 2]


@pytest.mark.parametrize(
    ("schema", "data"),
    [
        ("string", bytes([1])),  # of -1 bytes
        ("string", bytes([4, 0xC3, 0x28])),  # no UTF-8
        ("long", b"\xff" * 10 + b"\1"),
        ("boolean", bytes([2])),
        (["null", "long"], bytes([4, 0])),
        ({"type": "enum", "name": "E", "symbols": ["A"]}, bytes([2])),
        ({"type": "array", "items": "long"}, b"\xfe\xff\xff\xff\x0f"),
    ],
)
def test_what_does_not_fit_is_refused(schema: Any, data: bytes) -> None:
    with pytest.raises((IndexError, ValueError, KeyError, OverflowError)):
        reader(schema)(data, 0)


@pytest.mark.parametrize("schema", ["float", ["null", "long", "string"], ["long", "null"]])
def test_a_schema_beyond_what_is_supported_is_refused(schema: Any) -> None:
    with pytest.raises(ValueError, match="not supported"):
        reader(schema)
