"""What a sink is: the contract between the engine and a store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from schemas.codec import Decoder
from schemas.topics import Topic


class Partition(NamedTuple):
    """A partition of a topic."""

    topic: str
    number: int


# The next offset to read of each partition: everything before it is durable in the store.
Offsets = Mapping[Partition, int]


@dataclass(slots=True)
class Received:
    """A record as it came from the log.

    Attributes:
        partition: Where it stood.
        offset: Its offset there.
        timestamp: Epoch milliseconds, as the producer set it.
        key: Its key.
        value: Its framed value; None is a tombstone.
        headers: Its headers, in order.
        projection: What the sink made of it.
    """

    partition: Partition
    offset: int
    timestamp: int
    key: bytes
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]
    projection: Any = None


def ends(batch: Iterable[Received]) -> dict[Partition, int]:
    """The offsets after a batch that is durable as a whole."""
    offsets: dict[Partition, int] = {}
    for received in batch:
        if received.offset >= offsets.get(received.partition, 0):
            offsets[received.partition] = received.offset + 1
    return offsets


class Sink(Protocol):
    """One store. Writes are idempotent: a batch that comes again, in whole or in part, changes nothing."""

    name: str
    """Name of the worker; the consumer group is `sessiontrack.<name>`."""
    topics: Sequence[Topic]
    """What it reads."""

    async def open(self) -> None:
        """Connects.

        Raises:
            TransientError: The store does not answer yet.
        """

    def start_offset(self, partition: Partition, committed: int) -> int:
        """Where to begin reading an assigned partition, at most `committed`."""

    def project(self, received: Received, decoder: Decoder) -> Any:
        """What is kept of a record until it is written, as close to what the store takes as can be.

        Pure work on the processor, done once for each record and in a thread, while the batch before is being written.

        Args:
            received: The record; its `projection` will be what is returned.
            decoder: Of its topic.

        Raises:
            CodecError: The value does not decode.
            TerminalError: It decodes, and can't be stored.
            RegistryError: The registry does not tell the schema that wrote it.
        """

    async def write(self, batch: Sequence[Received]) -> Offsets:
        """Takes a batch, projected, in the order of each partition.

        Returns:
            What is durable by now; the engine commits it.

        Raises:
            TransientError: The store is away or overloaded; the engine keeps the batch, backs off and writes it again.
            TerminalError: A record can't be stored; the engine bisects the batch to find which, and dead-letters it.
        """

    async def idle(self) -> Offsets:
        """Called when no record came for a while: writes what is held back; returns as `write` does."""

    def revoked(self, partitions: Sequence[Partition]) -> None:
        """Another worker owns these now: forget what is held back for them."""

    async def close(self) -> None:
        """Disconnects."""
