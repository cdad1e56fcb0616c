"""A verify of everything names what is damaged and nothing else, reads no more than what is new, and mends."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import psycopg
import pytest
from minio import Minio
from minio.commonconfig import CopySource
from opensearchpy import OpenSearch

from cli.exits import Exit
from queries.archive import Archive, Segment
from tests.stack.pipeline import Pipeline, differences

SURPLUS = "00000000-0000-5000-8000-000000000000"

Named = set[tuple[str, str, str, str]]


class Ids(NamedTuple):
    """Ids of records of one kind, each to be damaged in another way."""

    removed: str
    altered: str
    moved: str


@contextmanager
def postgres(pipeline: Pipeline) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(pipeline.settings.postgres.dsn, autocommit=True) as connection:
        yield connection


def ids(pipeline: Pipeline, session_id: str, query: str) -> Ids:
    with postgres(pipeline) as connection:
        found = connection.execute(f"{query} LIMIT 3", [session_id]).fetchall()
    return Ids(*(str(row[0]) for row in found))


def damage_postgres(pipeline: Pipeline, session_id: str) -> Named:
    messages = ids(pipeline, session_id, "SELECT message_id FROM messages WHERE session_id = %s ORDER BY 1")
    lines = ids(
        pipeline, session_id, "SELECT event_id FROM events WHERE session_id = %s AND chain IS NOT NULL ORDER BY 1"
    )
    with postgres(pipeline) as connection:
        connection.execute("DELETE FROM messages WHERE message_id = %s", [messages.removed])
        connection.execute("UPDATE messages SET text = text || '.' WHERE message_id = %s", [messages.altered])
        connection.execute(
            "UPDATE messages SET timestamp = timestamp - interval '1 year' WHERE message_id = %s", [messages.moved]
        )
        connection.execute("DELETE FROM events WHERE event_id = %s", [lines.removed])
        connection.execute("UPDATE events SET agent_id = 'nobody' WHERE event_id = %s", [lines.altered])
        connection.execute("UPDATE sessions SET total_tokens = total_tokens + 1 WHERE session_id = %s", [session_id])
        connection.execute("CREATE TEMP TABLE copied AS SELECT * FROM events WHERE event_id = %s", [lines.moved])
        connection.execute("UPDATE copied SET event_id = %s", [SURPLUS])
        connection.execute("INSERT INTO events SELECT * FROM copied")
    return {
        ("postgres", "messages", "missing", messages.removed),
        ("postgres", "messages", "altered", messages.altered),
        ("postgres", "messages", "altered", messages.moved),
        ("postgres", "events", "missing", lines.removed),
        ("postgres", "events", "altered", lines.altered),
        ("postgres", "events", "surplus", SURPLUS),
        ("postgres", "sessions", "altered", session_id),
    }


def damage_opensearch(pipeline: Pipeline, session_id: str) -> Named:
    messages = ids(pipeline, session_id, "SELECT message_id FROM messages WHERE session_id = %s ORDER BY 1 DESC")
    index = pipeline.settings.opensearch.alias("messages")
    with OpenSearch(hosts=[pipeline.settings.opensearch.url]) as client:
        found = client.get(index=index, id=messages.altered)
        version = {"version": found["_version"], "version_type": "external_gte"}
        # As many documents as before: the sum of a session's numbers alone tells. A deletion without a version would
        # have a higher one than the document, and for a minute OpenSearch would take it for the last word.
        client.delete(index=index, id=messages.removed, params=version)
        client.index(index=index, id=SURPLUS, body=found["_source"])
        client.index(index=index, id=messages.altered, body={**found["_source"], "text": "other"}, params=version)
    return {
        ("opensearch", "messages", "missing", messages.removed),
        ("opensearch", "messages", "altered", messages.altered),
        ("opensearch", "messages", "surplus", SURPLUS),
    }


def damage_archive(pipeline: Pipeline) -> Named:
    """Removes the records of one segment and the manifest of another."""
    with Archive(pipeline.settings) as archive:
        first, second = [segment for segment in archive.segments() if segment.key.first == 0][:2]
        lost = [f"{first.key.partition}/{record['offset']}" for record in archive.records(first)]
    remove(pipeline, first, first.key.object)
    remove(pipeline, second, second.key.manifest)
    return {
        ("archive", "events", "missing", first.key.object),
        ("archive", "events", "missing", second.key.manifest),
        *(("archive", "events", "missing", place) for place in lost),
    }


def remove(pipeline: Pipeline, segment: Segment, key: str) -> None:
    s3 = pipeline.settings.s3
    client = Minio(s3.endpoint, s3.access_key, s3.secret_key.get_secret_value(), secure=s3.secure)
    client.remove_object(s3.bucket, key)


def repair(pipeline: Pipeline, *options: str) -> tuple[int, dict[str, Any]]:
    done = pipeline.run("verify", "--repair", *options, "--json")
    return done.returncode, json.loads(done.stdout)


@pytest.fixture
def whole(pipeline: Pipeline, captured: str) -> None:
    """All that was captured so far is in the stores, and proved."""
    assert not differences(pipeline.verify())


@pytest.mark.usefixtures("whole")
def test_what_was_proved_and_has_not_changed_is_not_read_again(pipeline: Pipeline) -> None:
    report = pipeline.verify()
    assert report.read == 0
    assert report.records > 0
    assert {check.read for check in report.checks if not (check.dead_lettered or check.discarded)} == {0}
    assert all(check.expected == check.stored + check.dead_lettered + check.discarded for check in report.checks)


@pytest.mark.usefixtures("whole")
def test_all_damage_is_named_and_mended(pipeline: Pipeline, captured: str) -> None:
    damage = damage_postgres(pipeline, captured) | damage_opensearch(pipeline, captured) | damage_archive(pipeline)
    found = differences(pipeline.verify())
    # Whose messages are not there, or at another time, has other sums than they come to.
    sums = {each for each in found if each[1] == "message_activity"}
    assert found - sums == damage
    assert sums
    assert all(captured in record_id for *_, record_id in sums)

    status, report = repair(pipeline)
    left = {
        (each["store"], each["dataset"], each["kind"], each["record_id"])
        for check in report["checks"]
        for each in check["differences"]
    }
    assert status == Exit.DIFFERENCES
    assert left == {each for each in damage if each[2] == "surplus"}

    status, report = repair(pipeline, "--prune")
    assert status == 0
    assert report["repaired"]["removed"] == {"postgres": 1, "opensearch": 1}
    assert not differences(pipeline.verify(full=True))


@pytest.mark.usefixtures("whole")
def test_a_row_that_is_there_twice_is_one_again(pipeline: Pipeline, captured: str) -> None:
    doubled = ids(pipeline, captured, "SELECT message_id FROM messages WHERE session_id = %s ORDER BY 1").removed
    with postgres(pipeline) as connection:
        connection.execute("CREATE TEMP TABLE copied AS SELECT * FROM messages WHERE message_id = %s", [doubled])
        connection.execute("UPDATE copied SET timestamp = timestamp - interval '1 year'")
        connection.execute("INSERT INTO messages SELECT * FROM copied")
    assert ("postgres", "messages", "surplus", doubled) in differences(pipeline.verify())
    status, _ = repair(pipeline, "--prune")
    assert status == 0


@pytest.mark.usefixtures("whole")
def test_what_an_older_log_left_in_the_archive_is_expected_once(pipeline: Pipeline) -> None:
    """Another Kafka before this one: its events are in its part of the archive, and here they came again."""
    s3 = pipeline.settings.s3
    client = Minio(s3.endpoint, s3.access_key, s3.secret_key.get_secret_value(), secure=s3.secure)
    with Archive(pipeline.settings) as archive:
        segment = archive.segments()[0]
        records = len(list(archive.records(segment)))
    older = {
        key: key.replace(segment.key.log.log_id, "an-older-log") for key in (segment.key.object, segment.key.manifest)
    }
    before = pipeline.verify()
    try:
        for key, copy in older.items():
            client.copy_object(s3.bucket, copy, CopySource(s3.bucket, key))
        after = pipeline.verify()
        assert not differences(after)
        assert (after.read, after.records, after.sessions) == (records, before.records + records, before.sessions)
        expected = {(check.store, check.dataset): check.expected for check in before.checks}
        expected["archive", "events"] += records
        assert {(check.store, check.dataset): check.expected for check in after.checks} == expected
    finally:
        for copy in older.values():
            client.remove_object(s3.bucket, copy)
    # The ledger remembers what only the archive had.
    assert {each[:3] for each in differences(pipeline.verify())} == {("archive", "events", "missing")}
    assert not differences(pipeline.verify(full=True))


@pytest.mark.usefixtures("whole")
def test_status_tells_up_to_when_each_store_is_complete(pipeline: Pipeline) -> None:
    begun = time.time() * 1000
    workers = {worker["name"]: worker for worker in pipeline.json("status")["workers"]}
    for name in ("streams", "archive", "postgres", "opensearch"):
        assert begun <= workers[name]["watermark"] <= time.time() * 1000
        assert workers[name]["watermark"] == min(workers[name]["watermarks"].values())


def test_nothing_is_pruned_without_a_repair(pipeline: Pipeline) -> None:
    told = pipeline.run("verify", "--prune")
    assert told.returncode == Exit.USAGE
    assert b"--repair" in told.stderr
