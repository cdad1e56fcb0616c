from __future__ import annotations

from typing import Any, cast

from hypothesis import given

from schemas.avro import load_schema
from schemas.codec import Encoder
from schemas.records import SessionEvent
from schemas.registry import SchemaRegistry
from schemas.topics import EVENTS
from streams.batch import process_batch
from streams.codec import Codec
from tests.unit.streams.events import logs


class Registry:
    """One that gives every schema the same id."""

    def register(self, subject: str, schema: Any) -> int:
        return 1

    def schema(self, schema_id: int) -> Any:
        return load_schema(EVENTS.schema)


CODEC = Codec(cast(SchemaRegistry, Registry()))
ENCODER = Encoder(EVENTS.schema, 1)


@given(logs())
def test_the_stages_do_not_miss_what_is_not_decoded(log: list[SessionEvent]) -> None:
    decoded = [CODEC.decode(ENCODER.encode(event)) for event in log]

    assert process_batch({}, enumerate(decoded)) == process_batch({}, enumerate(log))
