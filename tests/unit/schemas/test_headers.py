"""The headers that producers set are those that subscribers are told of."""

from __future__ import annotations

import pytest
from jsonschema import Draft202012Validator

from docs.generate.examples import examples
from schemas.headers import headers_schema
from schemas.topics import BY_NAME

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.mark.parametrize("name", BY_NAME)
def test_what_is_sent_is_described(name: str) -> None:
    schema = headers_schema(BY_NAME[name])
    sent = examples()[name]["headers"]
    Draft202012Validator(schema).validate(sent)
    assert sent.keys() == set(schema["required"])


@pytest.mark.parametrize("name", BY_NAME)
def test_a_trace_may_be_carried(name: str) -> None:
    trace = Draft202012Validator(headers_schema(BY_NAME[name])["properties"]["traceparent"])
    assert trace.is_valid(TRACE)
    assert not trace.is_valid("4bf92f35")
