"""What a worker makes of the records of a topic: what the app, the pipeline and the process of every worker share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

from aiokafka import ConsumerRecord

from schemas.topics import EVENTS, Topic
from streams.batch import Changes, Output, Placed, State, made_of, process_batch
from streams.codec import Codec


class Bounds(NamedTuple):
    """How much is taken at once.

    Attributes:
        poll_records: Most records that are fetched together.
        batch_records: Most records of a batch, a block more or less.
        batch_bytes: Most bytes of their values, likewise.
    """

    poll_records: int
    batch_records: int
    batch_bytes: int


class Interrupted(Exception):  # noqa: N818  # no error: a way out
    """The worker stops, or gives its partitions away: what is in hand is left, and read again later."""


class Stages(Protocol):
    """The stages of a worker."""

    @property
    def worker(self) -> str:
        """Its name."""

    @property
    def group(self) -> str:
        """Its consumer group, and the name of its state, without the namespace."""

    @property
    def source(self) -> Topic:
        """What it reads."""

    @property
    def bounds(self) -> Bounds:
        """How much it takes at once."""

    @property
    def codec(self) -> Codec:
        """Encodes what it publishes."""

    @property
    def waits_for(self) -> str:
        """What it waits for just now; empty where it works."""

    @property
    def span_attributes(self) -> Mapping[str, Any]:
        """What the span of each traced record says beside where the record stood."""

    def decode(self, record: ConsumerRecord) -> Any:
        """What a record holds.

        Raises:
            CodecError: It can't be decoded.
            TransientError: The registry does not answer.
        """

    async def process(
        self, state: State, placed: Sequence[tuple[int, Any]], is_interrupted: Callable[[], bool]
    ) -> Changes:
        """What a batch comes to: it is published first, and written to the state then.

        Args:
            state: Of the partition, as the batches before left it.
            placed: Offsets, and what `decode` made.
            is_interrupted: Whether to leave it.

        Raises:
            Interrupted: It is left.
        """

    def made_of(self, output: Output, placed: Sequence[tuple[int, Any]]) -> list[int]:
        """Offsets of the records that an output was made of."""


class EventStages:
    """The stages of the worker `streams`: sessions, messages and tool calls of events.

    Args:
        codec: Decodes events, and encodes what is made of them.
    """

    worker = "streams"
    group = "streams"
    source = EVENTS
    waits_for = ""
    span_attributes: Mapping[str, Any] = MappingProxyType({})
    # Enough for a session's state to be read and written once for many events, and for one partition to be computed
    # while another waits for Kafka; little enough to be held in memory, decoded.
    bounds = Bounds(poll_records=4_000, batch_records=8_000, batch_bytes=16 * 1024 * 1024)

    def __init__(self, codec: Codec) -> None:
        self.codec = codec

    def decode(self, record: ConsumerRecord) -> Any:
        """The event."""
        return self.codec.decode(record.value)

    async def process(self, state: State, placed: Sequence[Placed], is_interrupted: Callable[[], bool]) -> Changes:
        """See `process_batch`, which does not take long."""
        return process_batch(state, placed)

    def made_of(self, output: Output, placed: Sequence[Placed]) -> list[int]:
        """Offsets of the events that a record was made of."""
        return made_of(output, placed)
