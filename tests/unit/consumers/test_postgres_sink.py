from __future__ import annotations

import pytest

from consumers.postgres.applying import _make_way, _upsert
from consumers.postgres.rows import BY_NAME
from consumers.postgres.sink import PostgresSink
from consumers.sink import Partition, Received
from schemas.avro import load_schema
from schemas.codec import CodecError, Decoder, Encoder
from schemas.topics import EVENTS
from sessiontrack.settings import Settings
from tests.records import event, payload


def test_an_event_of_which_the_payload_alone_is_torn_is_refused_as_everywhere() -> None:
    raw = b"a line of a transcript\n"
    value = Encoder(EVENTS.schema, 7).encode(event(kind="MESSAGE", payload=payload(raw=raw)))
    torn = value.replace(raw, raw[:-8])
    assert len(torn) < len(value)
    decoder = Decoder(EVENTS.schema, lambda schema_id: load_schema(EVENTS.schema))
    with pytest.raises(CodecError):
        PostgresSink(Settings()).project(Received(Partition(EVENTS.name, 0), 0, 0, b"s", torn, ()), decoder)


@pytest.mark.parametrize("table", ["sessions", "messages", "tool_calls"])
def test_what_is_stored_gives_way_to_newer_versions_only_and_in_a_repair_to_its_own(table: str) -> None:
    assert _upsert(BY_NAME[table]).as_string().endswith("WHERE stored.version < excluded.version")
    assert _make_way(BY_NAME[table]).as_string().endswith("AND stored.version <= staged.version")


def test_an_event_that_is_stored_stays() -> None:
    assert _upsert(BY_NAME["events"]).as_string().endswith("DO NOTHING")
