"""Our writer against the reference implementation that reads it."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from fastavro import parse_schema, schemaless_writer
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.avro import SCHEMA_FILES, load_schema
from schemas.codec import without_remarks
from schemas.writer import writer
from tests.unit.schemas.test_codec import values


@pytest.mark.parametrize("name", SCHEMA_FILES)
@settings(max_examples=30)
@given(data=st.data())
def test_the_bytes_are_those_of_fastavro(name: str, data: st.DataObject) -> None:
    schema = without_remarks(load_schema(name))
    record = data.draw(values(schema, {}))
    expected = BytesIO()
    schemaless_writer(expected, parse_schema(schema), record)
    assert writer(schema)(record) == expected.getvalue()


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ("long", 2**63),
        ("int", -(2**31) - 1),
        ("long", 1.5),
        ("long", "1"),
        ("string", b"bytes"),
        ("string", "\ud800"),
        ("bytes", "text"),
        ({"type": "enum", "name": "E", "symbols": ["A"]}, "B"),
        ({"type": "record", "name": "R", "fields": [{"name": "a", "type": "long"}]}, {}),
    ],
)
def test_what_does_not_fit_is_refused(schema: Any, value: Any) -> None:
    with pytest.raises((ValueError, TypeError, KeyError, AttributeError)):
        writer(schema)(value)


@pytest.mark.parametrize("schema", ["float", ["null", "long", "string"], ["long", "null"]])
def test_a_schema_beyond_what_is_supported_is_refused(schema: Any) -> None:
    with pytest.raises(ValueError, match="not supported"):
        writer(schema)
