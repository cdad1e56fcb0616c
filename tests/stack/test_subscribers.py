"""Programs without our code read every topic, and read what is there."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from bench.corpus import generate
from infra.registry import COMPATIBILITY
from queries.log import read_partition
from schemas.avro import load_schema
from schemas.codec import CodecError, Decoder, Encoder
from schemas.registry import RegistryError, SchemaRegistry
from schemas.topics import DEAD_LETTERS, EMBEDDED, EVENTS, SESSIONS, TOPICS, Topic
from schemas.vectors import encode_vector
from sessiontrack.dead_letters import dead_letter, dead_letter_key
from sessiontrack.errors import TerminalError
from sessiontrack.s3 import s3_client
from sessiontrack.settings import Settings
from tests.npm import run
from tests.records import record
from tests.stack.logs import caught_up
from tests.stack.pipeline import Pipeline
from tests.stack.subscribing import PYTHON, Line, installed_node_client, lines_of
from tests.stack.waiting import PATIENCE_S
from tests.unit.producers.clawdbot.writing import header, message

# A line that no event can carry.
TOO_LARGE = message(1, "é" * 200_000)
# What follows is in no transcript.
GARBAGE = b"garbage"
UNKNOWN_SCHEMA = b"\x00\x7f\xff\xff\xff\x00"
GONE = f"gone-{uuid4()}"
# Beyond what a double, and so a JavaScript number, can tell from its neighbours.
LARGE = 2**53 + 1
DECODING_GROUPS = ("sessiontrack.streams", "sessiontrack.postgres")


@dataclass(frozen=True)
class Published:
    """What the subscribers are to read.

    Attributes:
        groups: Two consumer groups that begin before it.
        values: What our own decoder reads: record by topic/partition/offset, None for a tombstone; what does not decode
            is not among them.
        undecodable: Where the others are.
    """

    groups: tuple[str, str]
    values: Mapping[str, Any]
    undecodable: frozenset[str]

    @property
    def all(self) -> set[str]:
        return {*self.values, *self.undecodable}


@pytest.fixture(scope="module")
async def published(pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Published:
    """A few sessions, a tombstone, records that nobody can read, and their dead letters."""
    folder = tmp_path_factory.mktemp("subscribed") / "state"
    # Sessions that this stack has never seen: of others only what changes is published again.
    generate(folder, 12, seed=uuid4().fields[0])
    session_id = str(uuid4())
    transcript = folder / "agents" / "main" / "sessions" / f"{session_id}.jsonl"
    transcript.parent.mkdir(parents=True, exist_ok=True)
    transcript.write_bytes(header(session_id) + TOO_LARGE)
    groups = f"test-{uuid4()}", f"test-{uuid4()}"
    start = await _begin_at_the_end(pipeline.settings, groups)
    pipeline.capture(folder)
    await _publish_what_no_transcript_holds(pipeline.settings)
    for group in DECODING_GROUPS:
        await caught_up(pipeline.settings, group, EVENTS)
    values, undecodable = await _read(pipeline.settings, start)
    return Published(groups, values, undecodable)


@pytest.fixture(scope="module")
async def read_by_script(pipeline: Pipeline, published: Published) -> dict[str, Line]:
    return await lines_of(PYTHON, _arguments(pipeline.settings, published.groups[0]), published.all)


def test_the_script_has_less_than_forty_lines() -> None:
    assert len(Path(PYTHON[1]).read_text().splitlines()) < 40


def test_a_short_script_reads_every_topic(read_by_script: Mapping[str, Line], published: Published) -> None:
    _assert_read(read_by_script, published)


def test_a_reference_leads_to_the_line(read_by_script: Mapping[str, Line], pipeline: Pipeline) -> None:
    events = [
        line["value"] for place, line in read_by_script.items() if place.startswith(EVENTS.name) and "value" in line
    ]
    (payload,) = [event["payload"] for event in events if event["payload"]["reference"]]
    s3 = pipeline.settings.s3
    with closing(s3_client(s3).get_object(s3.bucket, payload["reference"]["key"])) as found:
        assert found.read() == TOO_LARGE
    assert payload["reference"]["sha256"] == sha256(TOO_LARGE).hexdigest()
    assert payload["raw"] is None


async def test_a_node_client_reads_every_topic(
    pipeline: Pipeline, published: Published, node_client: tuple[str, ...]
) -> None:
    lines = await lines_of(node_client, _arguments(pipeline.settings, published.groups[1]), published.all)
    _assert_read(lines, published)


def test_the_node_client_is_well_typed(node_client: tuple[str, ...]) -> None:
    node, client = node_client
    run([node, "node_modules/typescript/bin/tsc", "--noEmit"], Path(client).parent)


def test_no_version_of_a_schema_may_break_another(pipeline: Pipeline) -> None:
    for topic in TOPICS:
        address = f"{pipeline.settings.registry.url}/config/{topic.subject}"
        answer = httpx.get(address, timeout=PATIENCE_S).raise_for_status()
        assert answer.json()["compatibilityLevel"] == COMPATIBILITY == "FULL_TRANSITIVE"


@pytest.fixture(scope="module")
def node_client(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    return installed_node_client(tmp_path_factory.mktemp("subscriber") / "node")


def _assert_read(lines: Mapping[str, Line], published: Published) -> None:
    assert {place: line["value"] for place, line in lines.items() if "value" in line} == published.values
    assert {place for place, line in lines.items() if "error" in line} == published.undecodable
    assert {place.split("/")[0] for place in lines} == {topic.name for topic in TOPICS}
    assert [line["key"] for line in lines.values() if line.get("value", ...) is None] == [GONE]
    letters = [line["value"] for place, line in lines.items() if place.startswith(DEAD_LETTERS.name)]
    for group in DECODING_GROUPS:
        assert {letter["value"] for letter in letters if letter["group"] == group} == {
            GARBAGE.hex(),
            UNKNOWN_SCHEMA.hex(),
        }
    assert LARGE in {letter["offset"] for letter in letters}


def _arguments(settings: Settings, group: str) -> tuple[str, str, str]:
    return settings.kafka.bootstrap_servers, settings.registry.url, group


async def _begin_at_the_end(settings: Settings, groups: Iterable[str]) -> dict[TopicPartition, int]:
    """Lets groups begin where all topics end now, and says where that is."""
    partitions = [TopicPartition(topic.name, number) for topic in TOPICS for number in range(topic.partitions)]
    ends = await _ends(settings, partitions)
    for group in groups:
        async with AIOKafkaConsumer(bootstrap_servers=settings.kafka.bootstrap_servers, group_id=group) as consumer:
            consumer.assign(partitions)
            await consumer.commit(ends)
    return ends


async def _ends(settings: Settings, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
    async with AIOKafkaConsumer(bootstrap_servers=settings.kafka.bootstrap_servers) as consumer:
        ends: dict[TopicPartition, int] = await consumer.end_offsets(list(partitions))
        return ends


async def _publish_what_no_transcript_holds(settings: Settings) -> None:
    letter = dead_letter(
        group="test",
        stage="decode",
        error=TerminalError("made by a test"),
        failed_at=0,
        topic=EVENTS.name,
        partition=0,
        offset=LARGE,
        key=None,
        value=None,
        headers=[],
    )
    registry = SchemaRegistry(settings.registry.url)
    encoder = _encoder(registry, DEAD_LETTERS)
    embedded = [
        (topic, _encoder(registry, topic).encode(record(topic.name, vector=encode_vector([0.6, 0.8]))))
        for topic in EMBEDDED
    ]
    registry.close()
    servers = settings.kafka.bootstrap_servers
    async with AIOKafkaProducer(bootstrap_servers=servers, compression_type="zstd") as producer:
        await producer.send_and_wait(EVENTS.name, key=b"test", value=GARBAGE)
        await producer.send_and_wait(EVENTS.name, key=b"test", value=UNKNOWN_SCHEMA)
        await producer.send_and_wait(SESSIONS.name, key=GONE.encode(), value=None)
        for topic, value in embedded:
            await producer.send_and_wait(topic.name, key=b"test", value=value)
        await producer.send_and_wait(DEAD_LETTERS.name, key=dead_letter_key(letter), value=encoder.encode(letter))


def _encoder(registry: SchemaRegistry, topic: Topic) -> Encoder:
    return Encoder(topic.schema, registry.register(topic.subject, load_schema(topic.schema)))


async def _read(settings: Settings, start: Mapping[TopicPartition, int]) -> tuple[dict[str, Any], frozenset[str]]:
    """What our own decoder reads from a position until now, as JSON has it, and where it can't."""
    registry = SchemaRegistry(settings.registry.url)
    decoders = {topic.name: Decoder(topic.schema, registry.schema) for topic in TOPICS}
    values: dict[str, Any] = {}
    undecodable = set()
    for partition, end in (await _ends(settings, start)).items():
        async for batch in read_partition(settings.kafka, partition, start[partition], end):
            for one in batch:
                place = f"{one.topic}/{one.partition}/{one.offset}"
                try:
                    value = one.value and decoders[one.topic].decode(one.value)
                except (CodecError, RegistryError):
                    undecodable.add(place)
                else:
                    values[place] = json.loads(json.dumps(value, default=bytes.hex))
    registry.close()
    return values, frozenset(undecodable)
