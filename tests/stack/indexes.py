"""Indexes of a test's own, in an OpenSearch that others use as well."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from opensearchpy import OpenSearch

from consumers.opensearch.bulk import operation
from consumers.opensearch.sink import OpenSearchSink
from consumers.sink import Partition, Received
from infra.opensearch.setup import put_templates
from schemas.topics import BY_NAME, MESSAGES, SESSIONS, TOOL_CALLS
from sessiontrack.settings import Settings
from tests.stack.waiting import PATIENCE_S

_KEYS = {SESSIONS.name: "session_id", MESSAGES.name: "message_id", TOOL_CALLS.name: "tool_call_id"}


@contextmanager
def own_indexes(settings: Settings) -> Iterator[Settings]:
    """Settings whose templates and indexes are made, and removed at the end."""
    prefix = f"test_{uuid.uuid4().hex[:12]}"
    own = settings.model_copy(update={"opensearch": settings.opensearch.model_copy(update={"index_prefix": prefix})})
    put_templates(own)
    try:
        yield own
    finally:
        with OpenSearch(hosts=[own.opensearch.url], timeout=PATIENCE_S) as client:
            client.indices.delete(index=f"{prefix}-*")
            client.indices.delete_index_template(name=f"{prefix}-*")
            for component in ("analysis", "settings"):
                client.cluster.delete_component_template(name=f"{prefix}-{component}")


def received(topic: str, record: dict[str, Any] | None, *, key: str = "", offset: int = 0) -> Received:
    """A record that is not projected yet; a tombstone where there is no record."""
    name = record[_KEYS[BY_NAME[topic].name]] if record else key
    return Received(Partition(topic, 0), offset, 0, str(name).encode(), b"" if record else None, (), record)


def projected(settings: Settings, batch: Sequence[Received]) -> list[Received]:
    """A batch as the engine hands it over."""
    return [
        replace(each, projection=operation(each.partition.topic, each.key, each.projection, settings.opensearch))
        for each in batch
    ]


async def store(settings: Settings, *batches: Sequence[Received]) -> None:
    """Writes batches through the sink."""
    sink = OpenSearchSink(settings)
    try:
        await sink.open()
        for batch in batches:
            await sink.write(projected(settings, batch))
    finally:
        await sink.close()


def refresh(settings: Settings) -> None:
    """Makes all that is written visible to searches."""
    with OpenSearch(hosts=[settings.opensearch.url], timeout=PATIENCE_S) as client:
        client.indices.refresh(index=f"{settings.opensearch.index_prefix}-*")
