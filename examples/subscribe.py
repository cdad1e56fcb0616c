"""Prints each record of all topics as a line of JSON: `python examples/subscribe.py SERVERS REGISTRY GROUP`."""

import asyncio
import io
import json
import sys
from functools import cache

import httpx
from aiokafka import AIOKafkaConsumer
from fastavro import parse_schema, schemaless_reader

SERVERS, REGISTRY, GROUP = sys.argv[1:]
NAMES = ("events", "sessions", "messages", "tool-calls", "chunks", "session-vectors", "dead-letters")


@cache  # An id never changes its meaning.
def _schema(schema_id: bytes) -> dict:
    answer = httpx.get(f"{REGISTRY}/schemas/ids/{int.from_bytes(schema_id)}")
    if answer.status_code == 404:
        raise LookupError(schema_id)
    text = answer.raise_for_status().json()["schema"]
    return parse_schema(json.loads(text, object_hook=lambda node: node | {"logicalType": ""}))  # Times stay numbers.


async def _main() -> None:
    options = {"bootstrap_servers": SERVERS, "auto_offset_reset": "earliest", "enable_auto_commit": False}
    async with AIOKafkaConsumer(*(f"sessiontrack.{name}.v1" for name in NAMES), group_id=GROUP, **options) as consumer:
        async for one in consumer:
            line = {"at": f"{one.topic}/{one.partition}/{one.offset}", "key": (one.key or b"").decode(errors="replace")}
            try:  # Without a value it is a tombstone: what was made of the records with this key is to be deleted.
                line["value"] = one.value and schemaless_reader(io.BytesIO(one.value[5:]), _schema(one.value[1:5]))
            except (EOFError, LookupError, ValueError) as error:  # Who may write to a topic may write anything.
                line["error"] = type(error).__name__
            sys.stdout.write(json.dumps(line, default=bytes.hex) + "\n")
            await consumer.commit()


asyncio.run(_main())
