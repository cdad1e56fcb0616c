"""verify can fail: whatever is done to a store, it names the store, the record and the kind of damage."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from minio import Minio
from opensearchpy import OpenSearch
from psycopg.sql import SQL, Identifier

from bench.corpus import generate
from cli.exits import Exit
from consumers.postgres.digests import digest, digest_sql
from consumers.postgres.rows import TABLES, Table
from queries.archive import Archive
from queries.postgres import connected, stored_rows
from queries.verify import Report
from schemas.topics import EVENTS
from tests.stack.logs import publish_values
from tests.stack.pipeline import Pipeline, differences
from tests.stack.waiting import PATIENCE_S


@contextmanager
def postgres(pipeline: Pipeline) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    with psycopg.connect(pipeline.settings.postgres.dsn, autocommit=True) as connection:
        yield connection


def an_id(pipeline: Pipeline, session_id: str, table: str, column: str) -> str:
    query = SQL("SELECT {column} FROM {table} WHERE session_id = %s ORDER BY 1 LIMIT 1")
    with postgres(pipeline) as connection:
        row = connection.execute(query.format(column=Identifier(column), table=Identifier(table)), [session_id])
        found = row.fetchone()
    assert found is not None
    return str(found[0])


def test_a_deleted_row_is_missing(pipeline: Pipeline, captured: str) -> None:
    gone = an_id(pipeline, captured, "messages", "message_id")
    with postgres(pipeline) as connection:
        connection.execute("CREATE TEMP TABLE kept AS SELECT * FROM messages WHERE message_id = %s", [gone])
        connection.execute("DELETE FROM messages WHERE message_id = %s", [gone])
        report = pipeline.verify(captured)
        told = pipeline.run("verify", captured)
        connection.execute("INSERT INTO messages SELECT * FROM kept")
    assert told.returncode == Exit.DIFFERENCES
    assert gone.encode() in told.stdout
    found = differences(report)
    assert {each for each in found if each[1] == "messages"} == {("postgres", "messages", "missing", gone)}
    # The sums, in which it counts still, are not what is left comes to.
    assert {each[:2] for each in found} == {("postgres", "messages"), ("postgres", "message_activity")}
    assert not differences(pipeline.verify(captured))


def test_a_surplus_row_is_named(pipeline: Pipeline, captured: str) -> None:
    surplus = "00000000-0000-5000-8000-000000000000"
    with postgres(pipeline) as connection:
        connection.execute(
            "CREATE TEMP TABLE copied AS SELECT * FROM events WHERE event_id = %s",
            [an_id(pipeline, captured, "events", "event_id")],
        )
        connection.execute("UPDATE copied SET event_id = %s", [surplus])
        connection.execute("INSERT INTO events SELECT * FROM copied")
        report = pipeline.verify(captured)
        connection.execute("DELETE FROM events WHERE event_id = %s", [surplus])
    assert differences(report) == {("postgres", "events", "surplus", surplus)}


def test_an_altered_row_is_named(pipeline: Pipeline, captured: str) -> None:
    with postgres(pipeline) as connection:
        connection.execute("UPDATE sessions SET total_tokens = total_tokens + 1 WHERE session_id = %s", [captured])
        report = pipeline.verify(captured)
        connection.execute("UPDATE sessions SET total_tokens = total_tokens - 1 WHERE session_id = %s", [captured])
    assert differences(report) == {("postgres", "sessions", "altered", captured)}


def test_rows_whose_totals_are_as_expected_are_not_read(pipeline: Pipeline, captured: str, tmp_path: Path) -> None:
    def rows(report: Report, count: str) -> dict[str, int]:
        return {check.dataset: getattr(check, count) for check in report.checks if check.store == "postgres"}

    before = pipeline.verify()
    generate(tmp_path / "news", 2, seed=404)
    pipeline.capture(tmp_path / "news")
    after = pipeline.verify()
    assert not differences(after)
    assert rows(after, "stored")["messages"] > rows(before, "stored")["messages"]
    # Sessions of which something is in the dead letters are read each time.
    assert rows(after, "read") == rows(before, "read")


async def test_what_does_not_decode_is_counted_and_the_rest_compared(pipeline: Pipeline, captured: str) -> None:
    before = await asyncio.to_thread(pipeline.verify)
    unknown_schema = b"\x00\x7f\xff\xff\xff\x00"
    values = [(captured, str(uuid4()), value) for value in (b"garbage", unknown_schema)]
    await publish_values(pipeline.settings, EVENTS, values)
    after = await asyncio.to_thread(pipeline.verify)
    assert after.undecodable == before.undecodable + len(values)
    assert not differences(after)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_postgres_computes_the_digests_that_we_do(pipeline: Pipeline, captured: str, table: Table) -> None:
    query = SQL("SELECT {digest} FROM {table} WHERE session_id = %s").format(
        digest=digest_sql(table), table=Identifier(table.name)
    )
    with connected(pipeline.settings) as connection:
        theirs = {found for (found,) in connection.execute(query, [captured])}
        ours = {digest(row) for row in stored_rows(connection, table, captured)}
    assert theirs == ours
    assert theirs


def test_an_altered_document_is_named(pipeline: Pipeline, captured: str) -> None:
    altered = an_id(pipeline, captured, "messages", "message_id")
    index = pipeline.settings.opensearch.alias("messages")
    with OpenSearch(hosts=[pipeline.settings.opensearch.url], timeout=PATIENCE_S) as client:
        found = client.get(index=index, id=altered)
        version = {"version": found["_version"], "version_type": "external_gte"}
        client.index(index=index, id=altered, body={**found["_source"], "text": "something else"}, params=version)
        report = pipeline.verify(captured)
        client.index(index=index, id=altered, body=found["_source"], params=version)
    assert differences(report) == {("opensearch", "messages", "altered", altered)}
    assert not differences(pipeline.verify(captured))


def test_a_damaged_or_removed_archive_object_is_named(pipeline: Pipeline, captured: str) -> None:
    s3 = pipeline.settings.s3
    client = Minio(s3.endpoint, s3.access_key, s3.secret_key.get_secret_value(), secure=s3.secure)
    with Archive(pipeline.settings) as archive:
        key = archive.session_segments(captured)[0].key.object
    response = client.get_object(s3.bucket, key)
    content = response.read()
    response.close()
    response.release_conn()
    flipped = bytearray(content)
    flipped[len(flipped) // 2] ^= 1
    try:
        client.put_object(s3.bucket, key, BytesIO(bytes(flipped)), len(flipped))
        damaged = pipeline.verify(captured)
        client.remove_object(s3.bucket, key)
        removed = pipeline.verify(captured)
    finally:
        client.put_object(s3.bucket, key, BytesIO(content), len(content))
    assert ("archive", "events", "altered", key) in differences(damaged)
    assert ("archive", "events", "missing", key) in differences(removed)
    assert not differences(pipeline.verify(captured))
