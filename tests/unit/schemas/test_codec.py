"""The wire format, and reading what another version of a schema wrote."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.avro import SCHEMA_FILES, load_schema
from schemas.codec import CodecError, Decoder, Encoder, schema_id_of, without_remarks
from schemas.registry import RegistryError

LEAVES = {
    "string": st.text(st.characters(exclude_categories=["Cs"])),
    "bytes": st.binary(),
    "long": st.integers(-(2**63), 2**63 - 1),
    "int": st.integers(-(2**31), 2**31 - 1),
    "boolean": st.booleans(),
    "null": st.none(),
}


def values(schema: Any, named: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Any value that fits an Avro schema."""
    if isinstance(schema, list):
        return st.one_of([values(branch, named) for branch in schema])
    if isinstance(schema, str):
        return LEAVES[schema] if schema in LEAVES else values(named[schema], named)
    if schema["type"] in ("record", "enum"):
        named[schema["name"]] = schema
    if schema["type"] == "record":
        return st.fixed_dictionaries({field["name"]: values(field["type"], named) for field in schema["fields"]})
    if schema["type"] == "enum":
        return st.sampled_from(schema["symbols"])
    if schema["type"] == "array":
        return st.lists(values(schema["items"], named), max_size=2)
    if schema["type"] == "map":
        return st.dictionaries(LEAVES["string"], values(schema["values"], named), max_size=2)
    return values(schema["type"], named)


@pytest.mark.parametrize("name", SCHEMA_FILES)
@given(data=st.data())
def test_what_is_encoded_is_decoded(name: str, data: st.DataObject) -> None:
    schema = load_schema(name)
    record = data.draw(values(schema, {}))
    value = Encoder(name, 7).encode(record)
    assert schema_id_of(value) == 7
    assert Decoder(name, lambda schema_id: schema).decode(value) == record


@given(data=st.data())
def test_the_beginning_of_a_record_is_read_alone(data: st.DataObject) -> None:
    schema = load_schema("session-event")
    record = data.draw(values(schema, {}))
    beginning = {name: value for name, value in record.items() if name not in ("payload", "sealed")}
    value = Encoder("session-event", 7).encode(record)
    decoder = Decoder("session-event", lambda schema_id: schema)
    assert decoder.decode_before(value, "payload") == beginning
    until_reference = decoder.decode_before(value, "payload.reference")
    raw = None if record["payload"] is None else {"raw": record["payload"]["raw"]}
    assert until_reference == beginning | {"payload": raw}
    torn = value[: len(Encoder("session-event", 7).encode(record | {"payload": None, "sealed": None})) - 3]
    with pytest.raises(CodecError):
        decoder.decode_before(torn, "payload")


def test_an_older_writer_is_read_with_defaults() -> None:
    older = copy.deepcopy(load_schema("session"))
    older["fields"] = [field for field in older["fields"] if field["name"] != "context_summary"]
    schemas = {1: older, 2: load_schema("session")}
    record = {"session_id": "s", "version": 1, "family": "clawdbot", "created_at": 5, "last_activity_at": 6}
    value = Encoder("session", 1).encode({**record})
    # Written without its last field: the bytes of a null union branch, one zero, are not there.
    decoded = Decoder("session", schemas.__getitem__).decode(value[:-1])
    assert decoded["context_summary"] is None
    assert decoded["created_at"] == 5
    assert Decoder("session", schemas.__getitem__).decode_before(value[:-1], "created_at") == decoded


@pytest.mark.parametrize("value", [b"", b"\x00\x00", b"\x01\x00\x00\x00\x07abc"], ids=["empty", "short", "not framed"])
def test_what_is_not_framed_is_refused(value: bytes) -> None:
    with pytest.raises(CodecError):
        schema_id_of(value)


@given(st.binary(max_size=200))
def test_torn_bytes_give_one_kind_of_error(body: bytes) -> None:
    decoder = Decoder("session-event", lambda schema_id: load_schema("session-event"))
    try:
        decoder.decode(b"\x00\x00\x00\x00\x01" + body)
    except CodecError:
        return


@pytest.mark.parametrize(
    ("status", "raised"),
    [(404, CodecError), (0, RegistryError), (500, RegistryError)],
    ids=["unknown", "no answer", "out of order"],
)
def test_only_a_schema_that_nobody_knows_is_a_fault_of_the_value(status: int, raised: type[Exception]) -> None:
    def writer_schema(schema_id: int) -> dict[str, Any]:
        raise RegistryError("as told", status)

    decoder = Decoder("session", writer_schema)
    for decode in (decoder.decode, lambda value: decoder.decode_before(value, "created_at")):
        with pytest.raises(raised):
            decode(b"\x00\x7f\xff\xff\xff\x00")


def test_another_description_is_no_other_version() -> None:
    described = copy.deepcopy(load_schema("session"))
    described["doc"] = described["fields"][0]["doc"] = "In other words."
    assert without_remarks(described) == without_remarks(load_schema("session"))
