"""Events go through a real Kafka into a real object store, and come back byte for byte."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from consumers.archive.container import CorruptSegmentError
from consumers.archive.entries import entry
from consumers.archive.layout import parse_key
from consumers.archive.objects import ObjectStore
from consumers.engine import Engine
from consumers.sink import Partition, Received, Sink
from infra.bucket import create_bucket
from infra.topics import register_schemas
from producers.transcript import Transcript, TranscriptSource, head_event, split_lines
from queries.archive import Archive, partition_of
from queries.export import ExportError
from queries.export import Transcript as Archived
from schemas.avro import load_schema
from schemas.codec import Decoder
from schemas.records import SessionEvent
from schemas.topics import Topic
from sessiontrack.errors import NotFoundError
from sessiontrack.settings import Settings
from tests.contract.sinks import SinkContract
from tests.stack.archive_worker import archive_sink
from tests.stack.logs import caught_up, create, delete, encoder, ends, own_topic, publish
from tests.stack.reading import environment
from tests.stack.waiting import ended, reaped, until

SAMPLES = Path(__file__).parents[3] / "shared" / "samples"


def with_bucket(settings: Settings, bucket: str) -> Settings:
    return settings.model_copy(update={"s3": settings.s3.model_copy(update={"bucket": bucket})})


def remove_bucket(settings: Settings) -> None:
    store = ObjectStore(settings.s3)
    for key in store.keys(""):
        store.delete(key)
    store._client.remove_bucket(settings.s3.bucket)
    store.close()


@pytest.fixture
def settings(stack_settings: Settings) -> Any:
    """A bucket of its own."""
    register_schemas(stack_settings)
    own = with_bucket(stack_settings, f"test-{uuid4().hex[:12]}")
    create_bucket(own.s3)
    yield own
    remove_bucket(own)


@pytest.fixture
async def topic(settings: Settings) -> AsyncIterator[Topic]:
    async with own_topic(settings) as own:
        yield own


def transcript(session_id: str, data: bytes, *, state: Any = "LIVE", archived_at: int | None = None) -> list[Any]:
    """The events of a file."""
    source = TranscriptSource(session_id=session_id)
    reducer = Transcript(source)
    lines, _ = split_lines(data, final=True)
    events = [reducer.append(line, captured_at=archived_at or 1) for line in lines]
    head = head_event(
        source, reducer.position, reason="IMPORTED", state=state, captured_at=archived_at or 2, archived_at=archived_at
    )
    return [*events, head]


def made_up(sessions: int, lines: int, seed: int = 11) -> list[SessionEvent]:
    """Sessions whose lines come interleaved, as they do live."""
    chance = random.Random(seed)
    files = [
        transcript(
            str(UUID(int=chance.getrandbits(128), version=4)),
            b"".join(
                b'{"type":"custom","n":%d,"x":"%s"}\n' % (n, chance.randbytes(chance.randrange(200)).hex().encode())
                for n in range(lines)
            ),
        )
        for _ in range(sessions)
    ]
    return [event for row in zip(*files, strict=True) for event in row]


@asynccontextmanager
async def archiving(settings: Settings, topic: Topic, name: str) -> AsyncIterator[None]:
    """The engine, running."""
    stop = asyncio.Event()
    running = asyncio.create_task(Engine(archive_sink(settings, topic, name), settings).run(stop))
    try:
        yield
    finally:
        stop.set()
        await running


def dying_worker(settings: Settings, topic: Topic, name: str, puts: int) -> subprocess.Popen[bytes]:
    """A worker that is killed when it has put so many objects."""
    command = [sys.executable, "-m", "tests.stack.archive_worker", topic.name, name, str(puts)]
    # Small batches: so that there is a middle to be killed in.
    own = {"SESSIONTRACK_S3__BUCKET": settings.s3.bucket, "SESSIONTRACK_SINK__BATCH_RECORDS": "50"}
    return subprocess.Popen(command, env=os.environ | environment(settings) | own)


async def archive_all(settings: Settings, topic: Topic) -> None:
    name = f"test-{uuid4().hex[:12]}"
    async with archiving(settings, topic, name):
        await caught_up(settings, f"sessiontrack.{name}", topic)


def objects(settings: Settings) -> dict[str, str]:
    store = ObjectStore(settings.s3)
    found = {key: sha256(store.get(key)).hexdigest() for key in store.keys("archive/")}
    store.close()
    return found


def object_keys(settings: Settings) -> set[str]:
    store = ObjectStore(settings.s3)
    keys = set(store.keys("archive/"))
    store.close()
    return keys


def archived_ids(settings: Settings, topic: Topic) -> list[str]:
    with Archive(settings, topic.name) as archive:
        return [event["event_id"] for segment in archive.segments() for _, event in archive.events(segment)]


def exported(settings: Settings, topic: Topic, session_id: str, generation: int | None = None) -> bytes:
    with Archive(settings, topic.name) as archive:
        found = Archived(archive, session_id)
        return b"".join(found.content(found.choose(generation)))


async def test_every_generation_comes_back_byte_for_byte(settings: Settings, topic: Topic) -> None:
    session_id = str(uuid4())
    start = b'{"type":"session","version":3,"id":"s","timestamp":"2026-11-22T00:51:17.889Z","cwd":"/"}\n'
    reset = start + b'{"type":"message","id":"1"}\nnot json\r\n\n{"torn": "\xff\xf0'
    backup = start + b'{"type":"message","id":"2"}\n' * 3
    live = start + b'{"type":"message","id":"3"}\n'
    await publish(
        settings,
        topic,
        [
            *transcript(session_id, reset, state="RESET", archived_at=2_000),
            *transcript(session_id, backup, state="BACKUP", archived_at=1_000),
            *transcript(session_id, live),
            *transcript(str(uuid4()), live),
        ],
    )
    await archive_all(settings, topic)
    with Archive(settings, topic.name) as archive:
        found = Archived(archive, session_id).generations
    assert [(each.number, each.state, each.size, each.current) for each in found] == [
        (1, "BACKUP", len(backup), False),
        (2, "RESET", len(reset), False),
        (3, "LIVE", len(live), True),
    ]
    assert [exported(settings, topic, session_id, number) for number in (1, 2, 3, None)] == [backup, reset, live, live]


@pytest.mark.skipif(not SAMPLES.is_dir(), reason=f"no samples at {SAMPLES}")
async def test_real_transcripts_come_back_byte_for_byte(settings: Settings, topic: Topic) -> None:
    files = {str(uuid4()): path.read_bytes() for path in sorted(SAMPLES.rglob("*.jsonl")) if path.stat().st_size}
    await publish(settings, topic, [event for name, data in files.items() for event in transcript(name, data)])
    await archive_all(settings, topic)
    for session_id, data in files.items():
        assert exported(settings, topic, session_id) == data


async def test_a_repeated_capture_changes_no_export(settings: Settings, topic: Topic) -> None:
    session_id, data = str(uuid4()), b"one\ntwo\n"
    await publish(settings, topic, transcript(session_id, data) * 3)
    await archive_all(settings, topic)
    assert len(archived_ids(settings, topic)) == 9
    assert exported(settings, topic, session_id) == data
    with Archive(settings, topic.name) as archive:
        [segment] = archive.session_segments(session_id)
        entry = archive.manifest(segment).sessions[session_id]
    assert (entry.records, entry.events) == (9, 3)


async def test_a_killed_worker_leaves_neither_gaps_nor_doubles(settings: Settings, topic: Topic) -> None:
    events = made_up(sessions=25, lines=400)
    await publish(settings, topic, events)
    name = f"test-{uuid4().hex[:12]}"
    for puts in (1, 6, 11):
        with reaped(dying_worker(settings, topic, name, puts)) as worker:
            assert await ended(worker) == -signal.SIGKILL
    assert len(archived_ids(settings, topic)) < len(events)
    async with archiving(settings, topic, name):
        await caught_up(settings, f"sessiontrack.{name}", topic)

    ids = archived_ids(settings, topic)
    assert sorted(ids) == sorted(event["event_id"] for event in events)
    other = with_bucket(settings, f"{settings.s3.bucket}-2")
    create_bucket(other.s3)
    try:
        await archive_all(other, topic)
        assert objects(settings) == objects(other)
    finally:
        remove_bucket(other)


async def test_workers_that_come_and_go_leave_neither_gaps_nor_doubles(settings: Settings, topic: Topic) -> None:
    small = settings.model_copy(update={"sink": settings.sink.model_copy(update={"batch_records": 20})})
    events, more = made_up(sessions=25, lines=200), made_up(sessions=25, lines=100, seed=12)
    await publish(settings, topic, events)
    name = f"test-{uuid4().hex[:12]}"

    async def is_in_the_middle() -> bool:
        return bool(object_keys(settings))

    async with archiving(small, topic, name):
        await until(is_in_the_middle, "a first object")
        async with archiving(small, topic, name):
            await publish(settings, topic, more)
        await caught_up(settings, f"sessiontrack.{name}", topic)
    assert sorted(archived_ids(settings, topic)) == sorted(event["event_id"] for event in [*events, *more])


async def test_a_topic_that_is_made_anew_overwrites_nothing(settings: Settings) -> None:
    first, second = str(uuid4()), str(uuid4())
    async with own_topic(settings) as topic:
        await publish(settings, topic, transcript(first, b"old\n"))
        await archive_all(settings, topic)
        before = objects(settings)
        await delete(settings, topic)
        await create(settings, topic)
        await publish(settings, topic, transcript(second, b"new\n"))
        await archive_all(settings, topic)
        after = objects(settings)
        assert before.items() <= after.items()
        assert len({parsed[0].log for key in after if (parsed := parse_key(key))}) == 2
        assert (exported(settings, topic, first), exported(settings, topic, second)) == (b"old\n", b"new\n")


async def test_damage_is_named(settings: Settings, topic: Topic) -> None:
    session_id = str(uuid4())
    await publish(settings, topic, transcript(session_id, b"one\ntwo\n"))
    await archive_all(settings, topic)
    store = ObjectStore(settings.s3)
    [key] = [key for key in store.keys("archive/") if key.endswith(".avro")]
    content = store.get(key)
    store.put(key, content[:-20] + bytes([content[-20] ^ 1]) + content[-19:])
    with pytest.raises(CorruptSegmentError, match=key):
        exported(settings, topic, session_id)
    store.delete(key)
    with pytest.raises(CorruptSegmentError, match=key):
        exported(settings, topic, session_id)
    store.close()


async def test_a_line_that_is_missing_is_named(settings: Settings, topic: Topic) -> None:
    session_id = str(uuid4())
    events = transcript(session_id, b"one\ntwo\nthree\n")
    del events[1]
    await publish(settings, topic, events)
    await archive_all(settings, topic)
    with pytest.raises(ExportError, match="line 2 of generation 1"):
        exported(settings, topic, session_id)


async def test_an_unknown_session_is_not_found(settings: Settings, topic: Topic) -> None:
    with pytest.raises(NotFoundError):
        exported(settings, topic, str(uuid4()))


async def test_a_session_stands_in_the_partition_that_its_key_says(settings: Settings, topic: Topic) -> None:
    session_id = str(uuid4())
    await publish(settings, topic, transcript(session_id, b"one\n"))
    assert list(await ends(settings, topic)) == [partition_of(session_id)]


class TestArchiveSink(SinkContract):
    @pytest.fixture(autouse=True)
    def _topic(self, settings: Settings, topic: Topic) -> None:
        self.topic = topic
        encode, decoder = encoder(settings).encode, Decoder(topic.schema, lambda schema_id: load_schema(topic.schema))
        self.records = [
            Received(
                partition=Partition(topic.name, offset % 2),
                offset=offset // 2,
                timestamp=offset,
                key=event["session_id"].encode(),
                value=encode(event),
                # A producer that is not ours may state none.
                headers=[("ce_id", event["event_id"].encode())] if offset else [],
            )
            for offset, event in enumerate(transcript(str(uuid4()), b"one\ntwo\nthree\nfour\nfive\n"))
        ]
        for record in self.records:
            record.projection = entry(record, decoder)

    def make_sink(self, settings: Settings) -> Sink:
        return archive_sink(settings, self.topic, "test")

    def batch(self) -> Sequence[Received]:
        return self.records

    async def stored(self, settings: Settings) -> dict[str, str]:
        return objects(settings)

    def unreachable(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"s3": settings.s3.model_copy(update={"endpoint": "127.0.0.1:1"})})
