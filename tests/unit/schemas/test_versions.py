"""What any version wrote is read, processed and stored by the code of today."""

from __future__ import annotations

from typing import Any

import pytest

from consumers.archive.entries import entry
from consumers.opensearch.bulk import operation
from consumers.postgres.batch import Stored, project
from consumers.sink import Partition, Received
from schemas.avro import SCHEMA_FILES
from schemas.codec import Decoder, without_remarks
from schemas.topics import DERIVED, EVENTS
from schemas.writer import writer
from sessiontrack.settings import OpenSearchSettings
from streams.derive import derive
from tests.versions import body_of, fixture, read_fixture, schema_of, versions

CASES = [(name, version) for name in SCHEMA_FILES for version in versions(name)]


def decoded(name: str, version: int) -> list[Any]:
    schema, values = read_fixture(name, version)
    decode = Decoder(name, lambda schema_id: {version: schema}[schema_id]).decode
    return [decode(value) for value in values]


@pytest.mark.parametrize(("name", "version"), CASES)
def test_each_version_has_left_values(name: str, version: int) -> None:
    assert fixture(name, version).exists(), "python -m tests.versions writes it; commit it with the version"
    schema, values = read_fixture(name, version)
    assert schema == schema_of(name, version), "it is of a draft: delete it, write it anew"
    assert values


@pytest.mark.parametrize(("name", "version"), CASES)
def test_what_a_version_wrote_is_read_without_a_loss(name: str, version: int) -> None:
    schema, values = read_fixture(name, version)
    write = writer(without_remarks(schema))
    for record, value in zip(decoded(name, version), values, strict=True):
        assert write(record) == body_of(value)


@pytest.mark.parametrize("version", versions(EVENTS.schema))
def test_what_a_version_wrote_goes_through_every_stage(version: int) -> None:
    events = decoded(EVENTS.schema, version)
    derived = derive(events)
    assert not derived.refused
    assert len(derived.sessions) == 1
    assert len(derived.messages) >= 3
    assert "succeeded" in {call["outcome"] for call in derived.tool_calls.values()}


@pytest.mark.parametrize("version", versions(EVENTS.schema))
def test_events_of_a_version_are_archived_and_stored(version: int) -> None:
    schema, values = read_fixture(EVENTS.schema, version)
    decoder = Decoder(EVENTS.schema, lambda schema_id: schema)
    for value, event in zip(values, decoded(EVENTS.schema, version), strict=True):
        received = Received(Partition(EVENTS.name, 0), 0, 0, event["session_id"].encode(), value, ())
        assert entry(received, decoder).identity == (event["session_id"], event["event_id"])
        stored = project(EVENTS.name, b"", event)
        assert isinstance(stored, Stored)
        assert stored.id == event["event_id"]


@pytest.mark.parametrize(
    ("topic", "version"),
    [(topic, version) for topic in DERIVED for version in versions(topic.schema)],
    ids=lambda value: str(getattr(value, "name", value)),
)
def test_records_of_a_version_are_stored_everywhere(topic: Any, version: int) -> None:
    for record in decoded(topic.schema, version):
        stored = project(topic.name, b"", record)
        indexed = operation(topic.name, b"", record, OpenSearchSettings())
        assert isinstance(stored, Stored)
        assert (stored.id, stored.version) == (indexed.id, indexed.version)
