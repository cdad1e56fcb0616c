"""The stores' own bulk paths: the least that writing the same records takes, with one client.

What was stored is read back, encoded, and kept in memory; the stores are emptied; then each takes it again.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import islice
from typing import TypeVar

import psycopg
from opensearchpy.helpers import scan
from psycopg.sql import SQL, Identifier

from bench.throughput import stores
from bench.throughput.processes import difference, server_cpu
from consumers.archive.layout import PREFIX
from consumers.archive.objects import ObjectStore
from consumers.opensearch.bulk import chunks
from consumers.postgres.rows import TABLES
from infra.opensearch.setup import DATASETS
from sessiontrack.settings import Settings

# Of PostgreSQL's binary COPY format: signature, flags, length of the extension; and the trailer.
_HEADER_BYTES, _TRAILER = 19, b"\xff\xff"
ItemT = TypeVar("ItemT")


def measure_bulk(settings: Settings) -> dict[str, dict[str, float]]:
    """Seconds and CPU seconds of each bulk path, one after another; the stores are full before and after."""
    return {
        "COPY": _measured(settings, _prepare_copy, stores.empty_postgres, _copy),
        "_bulk": _measured(settings, _prepare_bulk, stores.empty_opensearch, _bulk),
        "put": _measured(settings, _prepare_put, stores.empty_archive, _put),
    }


def _measured(
    settings: Settings,
    prepare: Callable[[Settings], ItemT],
    empty: Callable[[Settings], None],
    write: Callable[[Settings, ItemT], int],
) -> dict[str, float]:
    prepared = prepare(settings)
    empty(settings)
    before, cpu, begun = server_cpu(settings), time.process_time(), time.perf_counter()
    written = write(settings, prepared)
    seconds, client = time.perf_counter() - begun, time.process_time() - cpu
    servers = difference(server_cpu(settings), before)
    return {
        "records": written,
        "seconds": round(seconds, 2),
        "client_cpu_s": round(client, 2),
        "server_cpu_s": round(sum(servers.values()), 2),
    }


Copies = list[tuple[str, list[str], list[bytes]]]


def _prepare_copy(settings: Settings) -> Copies:
    """For each table its columns, and the batches of its rows in binary."""
    prepared: Copies = []
    with psycopg.connect(settings.postgres.dsn) as connection, connection.cursor() as cursor:
        for table in TABLES:
            columns = [column.name for column in table.columns]
            names = SQL(", ").join(map(Identifier, columns))
            statement = SQL("COPY (SELECT {} FROM {}) TO STDOUT (FORMAT BINARY)")
            with cursor.copy(statement.format(names, Identifier(table.name))) as copy:
                prepared.append((table.name, columns, list(_framed(copy, settings.sink.batch_records))))
    return prepared


def _framed(messages: Iterable[bytes | bytearray | memoryview], batch: int) -> Iterator[bytes]:
    """Rows, of which PostgreSQL sends each as a message, joined to inputs of COPY."""
    rows = iter(bytes(message) for message in messages)
    first = next(rows, b"")
    header, rest = first[:_HEADER_BYTES], [first[_HEADER_BYTES:]]
    while part := rest + list(islice(rows, batch - len(rest))):
        rest = []
        content = b"".join(part).removesuffix(_TRAILER)
        if content:
            yield header + content + _TRAILER


def _copy(settings: Settings, prepared: Copies) -> int:
    """A transaction for each batch, as the sink does it."""
    written = 0
    with psycopg.connect(settings.postgres.dsn, autocommit=True) as connection, connection.cursor() as cursor:
        for table, columns, batches in prepared:
            names = SQL(", ").join(map(Identifier, columns))
            statement = SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(Identifier(table), names)
            for batch in batches:
                with cursor.copy(statement) as copy:
                    copy.write(batch)
                written += cursor.rowcount
    return written


def _prepare_bulk(settings: Settings) -> list[tuple[int, list[bytes]]]:
    """For each batch of documents their number and the bodies of its requests, as large as the sink's."""
    prepared = []
    with stores.opensearch(settings) as client:
        for dataset in DATASETS:
            alias = settings.opensearch.alias(dataset)
            found = scan(client, index=alias, query={"query": {"match_all": {}}, "version": True}, size=500)
            operations = (_operation(alias, hit) for hit in found)
            while batch := list(islice(operations, settings.sink.batch_records)):
                prepared.append((len(batch), list(chunks(batch))))
    return prepared


def _operation(alias: str, hit: dict[str, object]) -> bytes:
    address = {"_index": alias, "_id": hit["_id"], "version": hit["_version"], "version_type": "external"}
    lines = ({"index": address}, hit["_source"])
    return "".join(f"{json.dumps(line, ensure_ascii=False, separators=(',', ':'))}\n" for line in lines).encode()


def _bulk(settings: Settings, prepared: Sequence[tuple[int, list[bytes]]]) -> int:
    with stores.opensearch(settings) as client:
        for _, bodies in prepared:
            for body in bodies:
                # Of a request that it refuses for its full heap it took nothing.
                if stores.patiently(partial(client.bulk, body=body))["errors"]:
                    raise RuntimeError("OpenSearch refuses what it held before")
    return sum(count for count, _ in prepared)


def _prepare_put(settings: Settings) -> dict[str, bytes]:
    store = ObjectStore(settings.s3)
    try:
        return {key: store.get(key) for key in store.keys(PREFIX)}
    finally:
        store.close()


def _put(settings: Settings, prepared: dict[str, bytes]) -> int:
    store = ObjectStore(settings.s3)
    try:
        for key, content in prepared.items():
            store.put(key, content)
    finally:
        store.close()
    return len(prepared)
