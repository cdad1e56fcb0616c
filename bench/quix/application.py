"""What the programs have in common: the configuration that the benchmark hands over, the application, the topic."""

from __future__ import annotations

import json
import os
from datetime import datetime
from typing import Any

from quixstreams import Application
from quixstreams.models import Topic
from quixstreams.models.serializers.avro import AvroDeserializer
from quixstreams.models.serializers.schema_registry import SchemaRegistryClientConfig

CONFIGURATION: dict[str, Any] = json.loads(os.environ["QUIX_BENCH"])


def application() -> tuple[Application, Topic]:
    """An application that reads the topic's Avro records, decoded with the schema registry."""
    app = Application(
        broker_address=CONFIGURATION["brokers"],
        consumer_group=CONFIGURATION["group"],
        auto_offset_reset="earliest",
        auto_create_topics=True,
        commit_every=CONFIGURATION["commit_every"],
        state_dir=CONFIGURATION["state_dir"],
        # As our own producers are set: acknowledged by all replicas, idempotent (the default), compressed.
        producer_extra_config={"acks": "all", "compression.type": "zstd"},
    )
    registry = SchemaRegistryClientConfig(url=CONFIGURATION["registry"])
    values = AvroDeserializer(schema_registry_client_config=registry)
    return app, app.topic(CONFIGURATION["topic"], key_deserializer="string", value_deserializer=values)


def run(app: Application) -> None:
    """Runs until everything is read; what is held back then is written, and committed."""
    app.run(count=CONFIGURATION["records"], collect=False)


def milliseconds(value: Any) -> Any:
    """Times as epoch milliseconds, all else as it is."""
    return round(value.timestamp() * 1000) if isinstance(value, datetime) else value
