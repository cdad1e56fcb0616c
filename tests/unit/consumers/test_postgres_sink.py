from __future__ import annotations

import pytest

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
