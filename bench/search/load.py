"""Puts a corpus straight into the indexes that searches read, by the projections of the sinks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from opensearchpy import OpenSearch

from bench.search.corpus import Corpus, Made
from consumers.opensearch.documents import document
from infra.opensearch.setup import put_templates
from infra.opensearch.vectors import CHUNKS, SESSION_VECTORS, dataset_in, make_space
from schemas.topics import MESSAGES
from sessiontrack.identity import chunk_id
from sessiontrack.settings import Settings

Progress = Callable[[str], None]
_TIMEOUT_S = 600
_BATCH = 1_000
# In the data folder: the vectors as they were made, for the exact search; and their messages.
VECTORS, IDS = "bench-vectors.npy", "bench-ids.txt"
_CHUNK_FACTS = (
    *("message_id", "session_id", "version", "text", "agent_id", "channel", "project", "entry_id", "role", "origin"),
    *("sender_name", "timestamp", "tools_used"),
)


def load(settings: Settings, corpus: Corpus, progress: Progress) -> dict[str, Any]:
    """Loads a corpus into fresh indexes.

    Returns:
        Seconds that text and vectors took, bytes of each index, and segments of the vectors.
    """
    alias = settings.opensearch.alias
    datasets = {"messages": "messages", "chunks": dataset_in(corpus.space, CHUNKS)}
    with OpenSearch(hosts=[settings.opensearch.url], timeout=_TIMEOUT_S) as client:
        client.indices.delete(index=f"{settings.opensearch.index_prefix}-*", params={"ignore_unavailable": "true"})
        put_templates(settings)
        make_space(client, settings.opensearch, corpus.space)
        _refreshing(client, settings, "-1")
        seconds = {
            name: _timed(progress, name, lambda make=make: _fill(client, corpus, make, progress))  # type: ignore[misc]
            for name, make in (
                ("messages", lambda made: _message(alias("messages"), made)),
                ("chunks", lambda made: _chunk(alias(datasets["chunks"]), corpus, made)),
            )
        }
        _fill_sessions(client, settings, corpus)
        _refreshing(client, settings, None)
        seconds["merging"] = _timed(progress, "merging", lambda: _settled(client, settings))
        _keep_vectors(settings.data_dir, corpus)
        indexes = {name: alias(dataset) for name, dataset in datasets.items()}
        return {
            "seconds": seconds,
            "bytes": {name: _bytes(client, index) for name, index in indexes.items()},
            "segments": {name: _segments(client, index) for name, index in indexes.items()},
        }


def _fill(client: OpenSearch, corpus: Corpus, make: Callable[[Made], bytes], progress: Progress) -> None:
    made, number = corpus.made(), 0
    while batch := [make(each) for each in islice(made, _BATCH)]:
        _send(client, batch)
        number += len(batch)
        if number % 100_000 == 0:
            progress(f"{number:,} documents")


def _send(client: OpenSearch, operations: Iterable[bytes]) -> None:
    answer = client.bulk(body=b"".join(operations), params={"filter_path": "errors"})
    if answer["errors"]:
        raise SystemExit("OpenSearch refused documents: a measurement without them would prove nothing")


def _message(index: str, made: Made) -> bytes:
    stored = document(MESSAGES.name, {"cost_nanousd": 0, "inherited": False, "is_error": False} | made.message)
    return _operation(index, stored.id, stored.body)


def _chunk(index: str, corpus: Corpus, made: Made) -> bytes:
    facts = {name: made.message[name] for name in _CHUNK_FACTS if made.message.get(name) is not None}
    text = facts["text"]
    body = facts | {"space": corpus.space, "chunk_index": 0, "chunk_count": 1, "start": 0, "end": len(text)}
    name = chunk_id(facts["message_id"], corpus.space, 0)
    return _operation(index, name, body | {"chunk_id": name, "dimensions": len(made.vector), "vector": made.vector})


def _operation(index: str, name: str, body: dict[str, Any]) -> bytes:
    head = orjson.dumps({"index": {"_index": index, "_id": name}})
    return head + b"\n" + orjson.dumps(body, option=orjson.OPT_SERIALIZE_NUMPY) + b"\n"


def _fill_sessions(client: OpenSearch, settings: Settings, corpus: Corpus) -> None:
    alias = settings.opensearch.alias
    vectors = dataset_in(corpus.space, SESSION_VECTORS)

    def operations() -> Iterator[bytes]:
        made = corpus.made()
        for number in range(corpus.sessions):
            first, *rest = islice(made, min(100, corpus.messages - number * 100))
            facts = {name: first.message[name] for name in ("session_id", "version", "agent_id", "channel", "project")}
            times = {"created_at": first.message["timestamp"], "last_activity_at": first.message["timestamp"]}
            session_id = facts["session_id"]
            yield _operation(alias("sessions"), session_id, facts | times | {"title": corpus.title(number)})
            total = np.sum([each.vector for each in (first, *rest)], axis=0)
            at = {"first_at": times["created_at"], "last_at": times["created_at"], "messages": len(rest) + 1}
            vector = (total / np.linalg.norm(total)).astype(np.float32)
            yield _operation(alias(vectors), session_id, facts | at | {"space": corpus.space, "vector": vector})

    every = operations()
    while batch := list(islice(every, _BATCH)):
        _send(client, batch)


def _keep_vectors(folder: Path, corpus: Corpus) -> None:
    kept = np.lib.format.open_memmap(folder / VECTORS, "w+", np.float16, (corpus.messages, 384))
    with (folder / IDS).open("w") as ids:
        for number, made in enumerate(corpus.made()):
            kept[number] = made.vector
            ids.write(made.message["message_id"] + "\n")
    kept.flush()


def _refreshing(client: OpenSearch, settings: Settings, interval: str | None) -> None:
    body = {"index": {"refresh_interval": interval}}
    client.indices.put_settings(index=f"{settings.opensearch.index_prefix}-*", body=body)


def _settled(client: OpenSearch, settings: Settings) -> None:
    """Waits until all is visible and no merge runs: what a store of that size looks like on any day."""
    pattern = f"{settings.opensearch.index_prefix}-*"
    client.indices.refresh(index=pattern)
    while client.indices.stats(index=pattern, metric="merge")["_all"]["total"]["merges"]["current"]:
        time.sleep(1)
    client.indices.flush(index=pattern)


def _bytes(client: OpenSearch, index: str) -> int:
    total: int = client.indices.stats(index=index, metric="store")["_all"]["primaries"]["store"]["size_in_bytes"]
    return total


def _segments(client: OpenSearch, index: str) -> int:
    total: int = client.indices.stats(index=index, metric="segments")["_all"]["primaries"]["segments"]["count"]
    return total


def _timed(progress: Progress, name: str, run: Callable[[], None]) -> float:
    progress(name)
    begun = time.perf_counter()
    run()
    return round(time.perf_counter() - begun, 1)
