"""What the programs have in common: the configuration that the benchmark hands over, the application, the topic."""

from __future__ import annotations

import json
import os
import urllib.request
from datetime import datetime
from io import BytesIO
from struct import Struct
from typing import Any

from fastavro import parse_schema, schemaless_reader
from quixstreams import Application
from quixstreams.models import Deserializer, SerializationContext, Topic

CONFIGURATION: dict[str, Any] = json.loads(os.environ["QUIX_BENCH"])
# A compacted topic may hold fewer records than its offsets tell: then this ends the run, seconds after the last one.
QUIET_S = 20.0


class FramedAvroDeserializer(Deserializer):
    """Confluent's wire format, decoded by fastavro with the schema that the registry has.

    Quix Streams' own `AvroDeserializer` hands a registry's records to that of confluent-kafka, which searches the whole
    schema for tags for every record: 240 µs for one of ours, and fastavro's share is 20.
    """

    _FRAME = Struct(">bI")

    def __init__(self, registry: str) -> None:
        super().__init__()
        self._registry = registry
        self._schemas: dict[int, Any] = {}

    def __call__(self, value: bytes, ctx: SerializationContext) -> Any:
        """The record."""
        _, schema_id = self._FRAME.unpack_from(value)
        schema = self._schemas.get(schema_id) or self._fetch(schema_id)
        body = BytesIO(value)
        body.seek(self._FRAME.size)
        return schemaless_reader(body, schema, None)

    def _fetch(self, schema_id: int) -> Any:
        with urllib.request.urlopen(f"{self._registry}/schemas/ids/{schema_id}") as response:
            self._schemas[schema_id] = parse_schema(json.loads(json.load(response)["schema"]))
        return self._schemas[schema_id]


def application() -> tuple[Application, Topic]:
    """An application that reads the topic's Avro records."""
    app = Application(
        broker_address=CONFIGURATION["brokers"],
        consumer_group=CONFIGURATION["group"],
        auto_offset_reset="earliest",
        commit_every=CONFIGURATION["commit_every"],
        state_dir=CONFIGURATION["state_dir"],
        # As our own producers are set: acknowledged by all replicas, idempotent (the default), compressed.
        producer_extra_config={"acks": "all", "compression.type": "zstd"},
    )
    values = FramedAvroDeserializer(CONFIGURATION["registry"])
    return app, app.topic(CONFIGURATION["topic"], key_deserializer="string", value_deserializer=values)


def run(app: Application) -> None:
    """Runs until everything is read; what is held back then is written, and committed."""
    app.run(count=CONFIGURATION["records"], timeout=QUIET_S, collect=False)


def milliseconds(value: Any) -> Any:
    """Times as epoch milliseconds, all else as it is."""
    return round(value.timestamp() * 1000) if isinstance(value, datetime) else value
