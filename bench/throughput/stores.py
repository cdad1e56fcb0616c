"""The stores between two measurements: emptied, counted."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import TypeVar

import psycopg
from minio import Minio
from minio.deleteobjects import DeleteObject
from opensearchpy import OpenSearch
from opensearchpy.exceptions import OpenSearchException
from psycopg.sql import SQL, Identifier

from bench.throughput.prepared import Expected
from consumers.archive.layout import PREFIX
from consumers.postgres.activity import ACTIVITY
from consumers.postgres.rows import TABLES
from infra.opensearch.setup import DATASETS, put_templates
from queries.archive import Archive
from schemas.topics import PARTITIONS
from sessiontrack.backoff import backoff_delays
from sessiontrack.errors import SessionTrackError
from sessiontrack.s3 import connection_pool, s3_client
from sessiontrack.settings import Settings

_TIMEOUT_S = 120
# A minute, about.
_ATTEMPTS = 12
ResultT = TypeVar("ResultT")


def empty_postgres(settings: Settings) -> None:
    """Empties every table; partitions and indexes stay."""
    with psycopg.connect(settings.postgres.dsn, autocommit=True) as connection:
        names = SQL(", ").join(Identifier(table.name) for table in (*TABLES, ACTIVITY))
        connection.execute(SQL("TRUNCATE {}").format(names))


def empty_opensearch(settings: Settings) -> None:
    """Makes the indexes anew."""

    def step() -> None:
        with opensearch(settings) as client:
            for dataset in DATASETS:
                client.indices.delete(index=f"{settings.opensearch.alias(dataset)}-0*", ignore=[404])
        put_templates(settings)

    patiently(step)


def patiently(step: Callable[[], ResultT]) -> ResultT:
    """Does a step that may be repeated, until OpenSearch, whose heap may be full for a moment, takes it."""
    for delay in islice(backoff_delays(), _ATTEMPTS):
        try:
            return step()
        except (OpenSearchException, SessionTrackError):
            time.sleep(delay)
    return step()


def empty_archive(settings: Settings) -> None:
    """Deletes every segment."""
    pool = connection_pool()
    client: Minio = s3_client(settings.s3, pool)
    bucket = settings.s3.bucket
    found = client.list_objects(bucket, prefix=PREFIX, recursive=True)
    for error in client.remove_objects(bucket, (DeleteObject(str(each.object_name)) for each in found)):
        raise RuntimeError(f"{error.name} can't be deleted: {error.message}")
    pool.clear()


def counts(settings: Settings) -> dict[str, int]:
    """What the stores hold, by store and dataset."""
    return {**_rows(settings), **_documents(settings), "archive events": archived(settings)[0]}


def expected_counts(expected: Expected) -> dict[str, int]:
    """What they should hold, under the same names."""
    return {
        "postgres events": expected.events,
        "postgres sessions": expected.sessions,
        "postgres messages": expected.messages,
        "postgres tool_calls": expected.tool_calls,
        "postgres model_usage": expected.model_usage,
        "opensearch sessions": expected.sessions,
        "opensearch messages": expected.messages,
        "opensearch tool-calls": expected.tool_calls,
        "archive events": expected.events,
    }


def archived(settings: Settings) -> tuple[int, int]:
    """Records and bytes in the archive: segments with their manifests."""
    records = size = 0
    with Archive(settings) as archive:
        for partition in range(PARTITIONS):
            for segment in archive.segments(partition):
                records += segment.key.last - segment.key.first + 1
    pool = connection_pool()
    client: Minio = s3_client(settings.s3, pool)
    for found in client.list_objects(settings.s3.bucket, prefix=PREFIX, recursive=True):
        size += found.size or 0
    pool.clear()
    return records, size


@contextmanager
def opensearch(settings: Settings) -> Iterator[OpenSearch]:
    """A client with patience."""
    client = OpenSearch(
        hosts=[settings.opensearch.url], timeout=_TIMEOUT_S, max_retries=_ATTEMPTS, retry_on_timeout=True
    )
    try:
        yield client
    finally:
        client.close()


def _rows(settings: Settings) -> dict[str, int]:
    held = {}
    with psycopg.connect(settings.postgres.dsn, autocommit=True) as connection:
        for table in TABLES:
            row = connection.execute(SQL("SELECT count(*) FROM {}").format(Identifier(table.name))).fetchone()
            held[f"postgres {table.name}"] = int(row[0]) if row else 0
    return held


def _documents(settings: Settings) -> dict[str, int]:
    held = {}
    with opensearch(settings) as client:
        for dataset in DATASETS:
            alias = settings.opensearch.alias(dataset)
            client.indices.refresh(index=alias)
            held[f"opensearch {dataset}"] = int(client.count(index=alias)["count"])
    return held
