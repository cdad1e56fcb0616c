"""Records of the embedded topics, put through the sinks of vectors as the engine does it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast
from uuid import NAMESPACE_URL, uuid5

from consumers.sink import Offsets, Partition, Received, Sink
from schemas.codec import Decoder
from schemas.topics import CHUNKS, SESSION_VECTORS, Topic
from schemas.vectors import encode_vector, space_dimensions
from tests.contract.vector_indexes import records
from tests.records import chunk, session_vector


class _Decoded:
    """Gives back what is decoded already."""

    def decode(self, value: Any) -> Any:
        return value


def received(topic: Topic, record: dict[str, Any] | None, *, key: str = "", offset: int = 0) -> Received:
    """A record that is not projected yet; a tombstone where there is no record."""
    return Received(Partition(topic.name, 0), offset, 0, key.encode(), cast(Any, record), ())


def projected(sink: Sink, batch: Sequence[Received]) -> list[Received]:
    """A batch as the engine hands it over."""
    decoder = cast(Decoder, _Decoded())
    return [replace(each, projection=sink.project(each, decoder)) for each in batch]


class Projecting:
    """A sink that projects what it is to write: a contract does not say under what settings."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self.name, self.topics = sink.name, sink.topics
        self.open, self.start_offset, self.project = sink.open, sink.start_offset, sink.project
        self.idle, self.revoked, self.close = sink.idle, sink.revoked, sink.close

    async def write(self, batch: Sequence[Received]) -> Offsets:
        """Projects and writes."""
        return await self._sink.write(projected(self._sink, batch))


async def store(sink: Sink, *batches: Sequence[Received]) -> list[Offsets]:
    """Writes batches through a sink, which is opened and closed."""
    try:
        await sink.open()
        return [await sink.write(projected(sink, batch)) for batch in batches]
    finally:
        await sink.close()


def batch_of(space: str, most: int | None = None) -> list[Received]:
    """The records of the contract of vector stores, or the first of each topic."""
    chunks, sessions = records(space)
    return [
        *(received(CHUNKS, each, offset=offset) for offset, each in enumerate(chunks[:most])),
        *(received(SESSION_VECTORS, each, offset=offset) for offset, each in enumerate(sessions[:most])),
    ]


def passage(space: str, number: int = 0, **fields: Any) -> dict[str, Any]:
    """A chunk of a space."""
    own = {"chunk_id": _id(space, number), "message_id": _id(space, -1 - number), "session_id": f"session-{number}"}
    return dict(chunk(**own, **_vector(space), **fields))


def session(space: str, number: int = 0, **fields: Any) -> dict[str, Any]:
    """A session vector of a space."""
    return dict(session_vector(session_id=f"session-{number}", **_vector(space), **fields))


def _id(space: str, number: int) -> str:
    return str(uuid5(NAMESPACE_URL, f"{space}/{number}"))


def _vector(space: str) -> dict[str, Any]:
    dimensions = space_dimensions(space)
    return {
        "space": space,
        "dimensions": dimensions,
        "vector": encode_vector([1.0] + [0.0] * (dimensions - 1)),
    }
