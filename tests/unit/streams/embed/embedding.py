"""An embedder without a model, which fails as it is told to, and what a partition's batches come to with it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Any, cast

import numpy as np

from schemas.avro import load_schema
from schemas.registry import SchemaRegistry
from schemas.topics import CHUNKS, MESSAGES
from schemas.vectors import decode_vector
from sessiontrack.errors import TerminalError
from sessiontrack.providers.embedder import Vectors, in_groups, unit_vectors
from streams.batch import Changes
from streams.embed.plan import Incoming
from streams.embed.stages import EmbedStages

SPACE, DIMENSIONS = "fake@8", 8


class FakeEmbedder:
    """Makes a vector of a text's hash.

    Attributes:
        failures: Raised by the next calls.
        refused: Texts that hold one of these are refused for good.
        calls: What was asked.
    """

    space, dimensions, max_tokens = SPACE, DIMENSIONS, 64

    def __init__(self) -> None:
        self.failures: deque[Exception] = deque()
        self.refused: set[str] = set()
        self.calls: list[list[str]] = []

    def count_tokens(self, text: str) -> int:
        return len(text.split())

    def batches(self, texts: Iterable[str]) -> Iterable[Sequence[str]]:
        return in_groups(texts, 3)

    async def embed_documents(self, texts: Sequence[str]) -> Vectors:
        self.calls.append(list(texts))
        if self.failures:
            raise self.failures.popleft()
        if any(word in text for word in self.refused for text in texts):
            raise TerminalError("refused")
        return vectors_of(texts)

    async def embed_query(self, text: str) -> Vectors:
        raise NotImplementedError

    async def close(self) -> None:
        pass


class Registry:
    """One id for every schema."""

    def register(self, subject: str, schema: Any) -> int:
        return 1

    def schema(self, schema_id: int) -> Any:
        return load_schema(MESSAGES.schema)


def vectors_of(texts: Sequence[str]) -> Vectors:
    numbers = [list(sha256(text.encode()).digest()[:DIMENSIONS]) for text in texts]
    return unit_vectors(np.array(numbers, dtype=np.float32) - 127.5)


class Partition:
    """What batches come to, one after the other.

    Attributes:
        state: As they left it.
        chunks: What a reader of the topic has now, by key; likewise `sessions`.
    """

    def __init__(self) -> None:
        self.embedder = FakeEmbedder()
        self.stages = EmbedStages(cast(SchemaRegistry, Registry()), self.embedder, "fake")
        self.state: dict[bytes, bytes] = {}
        self.chunks: dict[str, Any] = {}
        self.sessions: dict[str, Any] = {}
        self.position = 0

    async def take(self, *said: Any) -> Changes:
        """A batch of messages and erasures."""
        changes = await self.process(self.place(*said))
        self.write(changes)
        return changes

    def place(self, *said: Any) -> list[Incoming]:
        placed = list(enumerate(said, self.position))
        self.position += len(said)
        return placed

    async def process(self, placed: Sequence[Incoming]) -> Changes:
        changes = await self.stages.process(self.state, placed, lambda: False)
        for output in changes.outputs:
            table = self.chunks if output.topic == CHUNKS else self.sessions
            if output.record is None:
                table.pop(output.key, None)
            else:
                table[output.key] = output.record
                self.stages.codec.encode(output)
        return changes

    def write(self, changes: Changes, most: int | None = None) -> None:
        """Writes to the state, or as far as a crash lets it."""
        writes: list[tuple[bytes, bytes | None]] = [*changes.writes.items(), *((key, None) for key in changes.deletes)]
        for key, value in writes[:most]:
            if value is None:
                self.state.pop(key, None)
            else:
                self.state[key] = value

    def of(self, message_id: str) -> list[Any]:
        """A message's chunks, in their order."""
        found = [chunk for chunk in self.chunks.values() if chunk["message_id"] == message_id]
        return sorted(found, key=lambda chunk: chunk["chunk_index"])

    def vectors(self, message_id: str) -> Vectors:
        """Their vectors: (chunks, dimensions)."""
        return np.array([decode_vector(chunk["vector"]) for chunk in self.of(message_id)], dtype=np.float32)

    def texts(self) -> list[str]:
        """What is embedded, in the order in which it was said."""
        found = sorted(self.chunks.values(), key=lambda chunk: (chunk["timestamp"], chunk["chunk_index"]))
        return [chunk["text"] for chunk in found]
