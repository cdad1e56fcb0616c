"""Dead letters on the whole pipeline: refused by real stores, mended, redriven, given up; `verify` accounts for all."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from opensearchpy import OpenSearch
from psycopg.sql import SQL, Identifier, Literal

from cli.exits import Exit
from consumers.postgres.rows import BY_NAME
from infra.topics import register_schemas
from operations.dead_letters.redrive import Outcome, redrive
from producers.cloudevents import headers_of
from queries.archive import partition_of
from queries.dead_letters.letter import Letter, matching
from queries.dead_letters.topic import Standing, read_standing
from queries.log import read_partition
from queries.opensearch import fetch_documents
from queries.postgres import connected, stored_rows
from queries.verify import Report
from schemas.codec import Decoder, Encoder
from schemas.records import SessionEvent
from schemas.registry import SchemaRegistry
from schemas.topics import DEAD_LETTERS, EVENTS, MESSAGES, Topic
from sessiontrack.dead_letters import dead_letter, dead_letter_headers, dead_letter_key
from sessiontrack.settings import Settings
from tests.stack.logs import encoder, ends
from tests.stack.pipeline import Pipeline, differences
from tests.unit.producers.clawdbot.writing import header, message
from tests.unit.streams.events import user

COUNT = 3


@pytest.fixture
def session_id() -> str:
    return str(uuid4())


def capture(pipeline: Pipeline, folder: Path, session_id: str) -> None:
    """Captures a session of some messages."""
    transcript = folder / "agents" / "main" / "sessions" / f"{session_id}.jsonl"
    transcript.parent.mkdir(parents=True)
    texts = (message(number, f"message {number}") for number in range(1, COUNT + 1))
    transcript.write_bytes(header(session_id) + b"".join(texts))
    pipeline.capture(folder)


@contextmanager
def refusing_postgres(settings: Settings, session_id: str, table: str = "messages") -> Iterator[None]:
    """Lets a table take nothing of a session."""
    name = Identifier(f"refuse_{session_id}")
    with psycopg.connect(settings.postgres.dsn, autocommit=True) as connection:
        refuse = SQL("ALTER TABLE {} ADD CONSTRAINT {} CHECK (session_id <> {}) NOT VALID")
        connection.execute(refuse.format(Identifier(table), name, Literal(session_id)))
        try:
            yield
        finally:
            connection.execute(SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(Identifier(table), name))


@contextmanager
def refusing_opensearch(settings: Settings, session_id: str) -> Iterator[None]:
    """Lets the index of the messages take none of a session."""
    index, name = settings.opensearch.alias("messages"), f"refuse-{session_id}"
    fussy = {
        "if": f"ctx.session_id == '{session_id}'",
        "source": "throw new IllegalArgumentException('it does not fit')",
    }
    with OpenSearch(hosts=[settings.opensearch.url]) as client:
        client.ingest.put_pipeline(id=name, body={"processors": [{"script": fussy}]})
        client.indices.put_settings(index=index, body={"index": {"default_pipeline": name}})
        try:
            yield
        finally:
            client.indices.put_settings(index=index, body={"index": {"default_pipeline": "_none"}})
            client.ingest.delete_pipeline(id=name)


def letters_of(settings: Settings, store: str, session_id: str, topic: Topic = MESSAGES) -> list[Letter]:
    """The letters that stand of a session's records; no other test has any in this topic."""
    found = matching(read_standing(settings).open, group=store)
    return [each for each in found if (each.topic, each.partition) == (topic.name, partition_of(session_id))]


def check(report: Report, store: str) -> tuple[int, int, int]:
    """Stored, set aside and discarded messages of a store."""
    found = next(check for check in report.checks if (check.store, check.dataset) == (store, "messages"))
    assert found.expected == COUNT
    return found.stored, found.dead_lettered, found.discarded


def redriven(settings: Settings, standing: Standing, letters: list[Letter]) -> list[Outcome]:
    outcomes: list[Outcome] = []
    redrive(settings, standing, letters, told=outcomes.append)
    return outcomes


def contents(settings: Settings, session_id: str) -> Any:
    """What the stores hold of a session's messages."""
    with connected(settings) as connection:
        rows = list(stored_rows(connection, BY_NAME["messages"], session_id))
    documents = fetch_documents(settings, "messages", session_id)
    return rows, sorted((each.id, each.version, each.source["text"]) for each in documents)


async def an_event_of(settings: Settings, session_id: str) -> tuple[bytes, SessionEvent]:
    """An event of a session, and its value, as they stand in the log."""
    partition = TopicPartition(EVENTS.name, partition_of(session_id))
    registry = SchemaRegistry(settings.registry.url)
    end = (await ends(settings, EVENTS))[partition.partition]
    found = [
        record.value
        async for batch in read_partition(settings.kafka, partition, 0, end)
        for record in batch
        if record.key == session_id.encode()
    ]
    event = await asyncio.to_thread(Decoder(EVENTS.schema, registry.schema).decode, found[-1])
    registry.close()
    return found[-1], event


async def publish_letter(settings: Settings, value: bytes, event: SessionEvent, worker: str = "streams") -> None:
    """A letter of a worker, for an event that it was not given, or not then."""
    letter = dead_letter(
        group=f"sessiontrack.{worker}",
        stage="messages",
        error=KeyError("a fault of a stage"),
        failed_at=1_000,
        topic=EVENTS.name,
        partition=partition_of(event["session_id"]),
        offset=0,
        key=event["session_id"].encode(),
        value=value,
        headers=headers_of(event),
    )
    encode = Encoder(DEAD_LETTERS.schema, register_schemas(settings)[DEAD_LETTERS.subject]).encode
    async with AIOKafkaProducer(bootstrap_servers=settings.kafka.bootstrap_servers) as producer:
        await producer.send_and_wait(
            DEAD_LETTERS.name, key=dead_letter_key(letter), value=encode(letter), headers=dead_letter_headers(letter)
        )


@pytest.mark.parametrize(
    ("store", "refusing"), [("postgres", refusing_postgres), ("opensearch", refusing_opensearch)], ids=lambda each: each
)
def test_what_a_store_refused_is_there_when_it_is_redriven_after_the_cause_is_mended(
    store: str, refusing: Any, pipeline: Pipeline, tmp_path: Path, session_id: str
) -> None:
    settings = pipeline.settings
    with refusing(settings, session_id):
        capture(pipeline, tmp_path, session_id)
        # The partition went on: all else of the session is stored.
        report = pipeline.verify(session_id)
        assert not differences(report)
        assert check(report, store) == (0, COUNT, 0)
        first = letters_of(settings, store, session_id)
        names = [letter.record_id for letter in first]
        told = pipeline.run("dead-letters", "redrive", "--group", store, *names)
        assert told.returncode == Exit.DIFFERENCES, told.stderr.decode()
    again = letters_of(settings, store, session_id)
    assert {letter.record_id: (2, letter.first_failed_at) for letter in first} == {
        letter.record_id: (letter.tries, letter.first_failed_at) for letter in again
    }
    assert all(letter.failed_at > letter.first_failed_at for letter in again)
    assert check(pipeline.verify(session_id), store) == (0, COUNT, 0)

    stale = read_standing(settings)
    done = pipeline.json("dead-letters", "redrive", "--group", store, *names)
    assert sorted(outcome["record_id"] for outcome in done) == sorted(names)
    assert {outcome["result"] for outcome in done} == {"processed"}
    report = pipeline.verify(session_id)
    assert not differences(report)
    assert check(report, store) == (COUNT, 0, 0)

    stored = contents(settings, session_id)
    assert {each.result for each in redriven(settings, stale, again)} == {"processed"}
    assert contents(settings, session_id) == stored
    assert letters_of(settings, store, session_id) == []
    assert pipeline.run("dead-letters", "redrive", names[0]).returncode == Exit.NOT_FOUND


async def test_what_the_streams_refused_is_in_the_log_again_and_processed(pipeline: Pipeline, session_id: str) -> None:
    settings, event = pipeline.settings, user("1", session_id=session_id)
    await publish_letter(settings, encoder(settings).encode(event), event)

    [outcome] = await asyncio.to_thread(pipeline.json, "dead-letters", "redrive", event["event_id"])

    assert outcome["result"] == "processed"
    report = await asyncio.to_thread(pipeline.verify, session_id)
    # The event is made for this test, and no line of a transcript.
    assert {each.store for each in report.differences} <= {"log"}
    for store in ("postgres", "opensearch"):
        found = next(check for check in report.checks if (check.store, check.dataset) == (store, "messages"))
        assert (found.expected, found.stored) == (1, 1)
    assert pipeline.run("dead-letters", "show", event["event_id"]).returncode == Exit.NOT_FOUND


@pytest.mark.parametrize("worker", ["streams", "postgres"])
async def test_a_letter_whose_record_came_again_and_was_processed_is_told_of_and_settled(
    worker: str, pipeline: Pipeline, session_id: str, tmp_path: Path
) -> None:
    settings = pipeline.settings
    await asyncio.to_thread(capture, pipeline, tmp_path, session_id)
    value, event = await an_event_of(settings, session_id)
    await publish_letter(settings, value, event, worker)
    stored = contents(settings, session_id)
    report = await asyncio.to_thread(pipeline.verify, session_id)
    assert not differences(report)
    assert report.stored_since == 1

    [outcome] = await asyncio.to_thread(pipeline.json, "dead-letters", "redrive", "--group", worker, event["event_id"])

    assert outcome["result"] == "processed"
    report = await asyncio.to_thread(pipeline.verify, session_id)
    assert not differences(report)
    assert report.stored_since == 0
    assert contents(settings, session_id) == stored


async def test_what_the_streams_would_refuse_again_is_not_produced(pipeline: Pipeline, session_id: str) -> None:
    settings, event = pipeline.settings, user("1", session_id=session_id)
    name = event["event_id"]
    await publish_letter(settings, b"no Avro", event)
    before = await ends(settings, EVENTS)

    told = await asyncio.to_thread(pipeline.run, "dead-letters", "redrive", name)

    assert told.returncode == Exit.DIFFERENCES
    assert await ends(settings, EVENTS) == before
    shown = await asyncio.to_thread(pipeline.json, "dead-letters", "show", name[:13])
    assert (shown["stage"], shown["error_class"], shown["tries"]) == ("decode", "CodecError", 2)
    assert shown["first_failed_at"] == "1970-01-01T00:00:01.000Z"
    assert {header["name"]: header["value"] for header in shown["headers"]}["ce_id"] == name
    raw = await asyncio.to_thread(pipeline.run, "dead-letters", "show", name, "--raw")
    assert raw.stdout == b"no Avro"


def test_what_is_given_up_is_accounted_for_and_has_no_contents(
    pipeline: Pipeline, tmp_path: Path, session_id: str
) -> None:
    settings = pipeline.settings
    with refusing_postgres(settings, session_id):
        capture(pipeline, tmp_path, session_id)
        assert not differences(pipeline.verify(session_id))
    gone, *kept = letters_of(settings, "postgres", session_id)
    assert pipeline.json("dead-letters", "show", gone.record_id)["record"]["text"].startswith("message ")

    told = pipeline.run("dead-letters", "discard", gone.record_id)
    assert told.returncode == Exit.USAGE
    assert b"--yes" in told.stderr
    pipeline.json("dead-letters", "discard", gone.record_id, "--yes")

    assert {letter.key for letter in letters_of(settings, "postgres", session_id)} == {letter.key for letter in kept}
    [listed] = [
        each for each in pipeline.json("dead-letters", "list", "--discarded") if each["record_id"] == gone.record_id
    ]
    assert listed["bytes"] == 0
    report = pipeline.verify(session_id)
    assert not differences(report)
    assert check(report, "postgres") == (0, COUNT - 1, 1)
    shown = pipeline.json("dead-letters", "show", gone.record_id)
    assert (shown["key"], shown["record"], shown["headers"]) == (None, None, [])
    assert pipeline.run("dead-letters", "show", gone.record_id, "--raw").returncode == Exit.NOT_FOUND
    assert pipeline.run("dead-letters", "redrive", gone.record_id).returncode == Exit.NOT_FOUND
