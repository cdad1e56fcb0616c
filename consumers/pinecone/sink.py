"""Writes passages and sessions as vectors to Pinecone: the sink `pinecone`.

Pinecone has no versions. What is there is looked at before it is replaced, and a record's partition has one worker at a
time, so a lower version never replaces a higher one that Pinecone shows. It shows a write after seconds: a worker that
loses its partition while it writes may still bring back what its successor has just replaced, until that comes again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from consumers.embedded import Embedded, embedded
from consumers.pinecone.index import PineconeIndex
from consumers.pinecone.vectors import is_of_chunks, namespace_in, vector_of
from consumers.sink import Offsets, Partition, Received, ends
from schemas.codec import Decoder
from schemas.topics import EMBEDDED, Topic
from schemas.vectors import space_dimensions
from sessiontrack.errors import ConfigurationError
from sessiontrack.settings import Settings


@dataclass(slots=True)
class _Changes:
    """Of one namespace: what goes away, and then what is put in its place."""

    removed: set[str] = field(default_factory=set)
    vectors: dict[str, dict[str, Any]] = field(default_factory=dict)

    def add(self, vector: dict[str, Any]) -> None:
        known = self.vectors.get(vector["id"])
        if known is None or vector["metadata"]["version"] > known["metadata"]["version"]:
            self.vectors[vector["id"]] = vector

    def remove(self, removed: str) -> None:
        self.vectors.pop(removed, None)
        self.removed.add(removed)


class PineconeSink:
    """One vector for each record, in the namespace of its space."""

    name = "pinecone"
    topics: Sequence[Topic] = EMBEDDED

    def __init__(self, settings: Settings) -> None:
        self._settings = settings.pinecone
        self._index: PineconeIndex | None = None
        self._dimensions: int | None = None

    async def open(self) -> None:
        """Connects, and sees what vectors the index takes."""
        if self._index is None:
            self._index = PineconeIndex(self._settings, self._settings.timeout_s)
        self._dimensions = await asyncio.to_thread(self._index.dimensions)

    def start_offset(self, partition: Partition, committed: int) -> int:
        """Where the group stands."""
        return committed

    def project(self, received: Received, decoder: Decoder) -> Embedded:
        """The record; its form for Pinecone takes several times its room, and is made when it is written."""
        return embedded(received, decoder)

    async def write(self, batch: Sequence[Received]) -> Offsets:
        """Writes a batch; Pinecone has it when it answers, and shows it some seconds later."""
        await asyncio.to_thread(self._write, [received.projection for received in batch])
        return ends(batch)

    async def idle(self) -> Offsets:
        """Nothing is held back."""
        return {}

    def revoked(self, partitions: Sequence[Partition]) -> None:
        """Nothing is held back."""

    async def close(self) -> None:
        """Disconnects."""
        if self._index is not None:
            self._index.close()
            self._index = None

    def _write(self, records: Sequence[Embedded]) -> None:
        assert self._index
        self._check({each.space for each in records if each.record and each.space})
        for namespace, changes in self._folded(records).items():
            if changes.removed:
                self._index.delete(namespace, sorted(changes.removed))
            if changes.vectors:
                known = self._index.versions(namespace, sorted(changes.vectors.keys() - changes.removed))
                newer = [each for each in changes.vectors.values() if known.get(each["id"], -1) < _version(each)]
                self._index.upsert(namespace, newer)

    def _check(self, spaces: Iterable[str]) -> None:
        for space in spaces:
            if space_dimensions(space) != self._dimensions:
                raise ConfigurationError(
                    f"the index of Pinecone takes vectors of {self._dimensions} dimensions, which {space} has not",
                    hint="Make an index for this model, with the metric dotproduct, and set pinecone.host to its host.",
                )

    def _folded(self, records: Sequence[Embedded]) -> dict[str, _Changes]:
        """The changes by namespace: the tombstone of a passage does not tell its space, and is one in each."""
        assert self._index
        changes: dict[str, _Changes] = {}
        of_batch = {namespace_in(each.space, each.topic) for each in records if each.record and each.space}
        nameless = any(each.space is None for each in records)
        namespaces = of_batch | set(self._index.namespaces()) if nameless else of_batch
        for each in records:
            if each.record and each.space:
                changes.setdefault(namespace_in(each.space, each.topic), _Changes()).add(vector_of(each))
            elif each.space:
                changes.setdefault(namespace_in(each.space, each.topic), _Changes()).remove(each.id)
            else:
                for namespace in filter(is_of_chunks, namespaces):
                    changes.setdefault(namespace, _Changes()).remove(each.id)
        return changes


def _version(vector: dict[str, Any]) -> int:
    version: int = vector["metadata"]["version"]
    return version
