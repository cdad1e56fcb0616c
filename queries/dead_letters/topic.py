"""Reads the topic of the dead letters, outside of any consumer group."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from queries.dead_letters.letter import Letter, Place, Read, fold
from queries.lag import LogPositions
from queries.log import read_partition
from schemas.codec import CodecError, Decoder
from schemas.records import DeadLetter
from schemas.registry import RegistryError, SchemaRegistry
from schemas.topics import DEAD_LETTERS
from sessiontrack.dead_letters import replaces_until
from sessiontrack.errors import UnavailableError
from sessiontrack.settings import Settings

Offsets = Mapping[TopicPartition, int]


@dataclass(frozen=True, slots=True)
class Standing:
    """The letters as of a moment.

    Attributes:
        letters: Those that stand and those that were given up, by key.
        ends: The end offsets of the topic at that moment.
    """

    letters: Mapping[str, Letter]
    ends: Offsets

    @property
    def open(self) -> list[Letter]:
        """Those that stand."""
        return [letter for letter in self.letters.values() if letter.discarded_at is None]

    @property
    def discarded(self) -> list[Letter]:
        """Those that were given up."""
        return [letter for letter in self.letters.values() if letter.discarded_at is not None]


class DeadLetterReader:
    """Reads letters, with their bytes where these are asked for.

    Args:
        settings: Where Kafka and the registry are.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._registry = SchemaRegistry(settings.registry.url)
        self._decoder = Decoder(DEAD_LETTERS.schema, self._registry.schema)

    def close(self) -> None:
        """Disconnects."""
        self._registry.close()

    async def standing(self) -> Standing:
        """The letters of now, without their bytes."""
        async with LogPositions(self._settings) as positions:
            begins, ends = await positions.begins([DEAD_LETTERS]), await positions.ends([DEAD_LETTERS])
        letters: dict[str, Letter] = {}
        async for read in self.between(begins, ends):
            fold(letters, read)
        return Standing(letters, ends)

    async def ends(self) -> Offsets:
        """The end offsets of now."""
        async with LogPositions(self._settings) as positions:
            return await positions.ends([DEAD_LETTERS])

    async def between(self, begins: Offsets, ends: Offsets) -> AsyncIterator[Read]:
        """The records of partitions with begin <= offset < end, in the order of each partition."""
        for partition, end in ends.items():
            async for batch in read_partition(self._settings.kafka, partition, begins[partition], end):
                for record in batch:
                    key = (record.key or b"").decode("utf-8", "replace")
                    place = Place(partition.partition, record.offset)
                    letter = None if record.value is None else self._decoded(key, record.value)
                    yield Read(place, key, letter, replaces_until(record.headers, partition.partition))

    async def originals(self, letters: Collection[Letter]) -> AsyncIterator[tuple[Letter, DeadLetter]]:
        """The letters with their bytes; one that was replaced since may be left out.

        Args:
            letters: From `standing`.
        """
        wanted = {letter.place: letter for letter in letters}
        offsets: dict[TopicPartition, list[int]] = {}
        for partition, offset in wanted:
            offsets.setdefault(TopicPartition(DEAD_LETTERS.name, partition), []).append(offset)
        begins = {partition: min(found) for partition, found in offsets.items()}
        ends = {partition: max(found) + 1 for partition, found in offsets.items()}
        async for read in self.between(begins, ends):
            if read.letter is not None and read.place in wanted:
                yield wanted[read.place], read.letter

    def _decoded(self, key: str, value: bytes) -> DeadLetter:
        try:
            letter: DeadLetter = self._decoder.decode(value)
        except CodecError as error:
            return _unreadable(key, str(error))
        return letter


@contextmanager
def reading(settings: Settings) -> Iterator[DeadLetterReader]:
    """A reader.

    Raises:
        UnavailableError: Kafka or the schema registry does not answer.
    """
    reader = DeadLetterReader(settings)
    try:
        yield reader
    except (KafkaError, RegistryError) as error:
        raise UnavailableError(
            f"the dead letters can't be read: {type(error).__name__}",
            hint="`sessiontrack status` shows what is wrong; `sessiontrack up` starts the stack.",
        ) from error
    finally:
        reader.close()


def read_standing(settings: Settings) -> Standing:
    """The letters of now, without their bytes.

    Raises:
        UnavailableError: Kafka or the schema registry does not answer.
    """
    with reading(settings) as reader:
        return asyncio.run(reader.standing())


async def count_standing(settings: Settings, timeout_s: float) -> Mapping[str, int] | None:
    """How many letters of each worker stand.

    Args:
        settings: Where Kafka and the registry are.
        timeout_s: Longest time that counting may take, seconds.

    Returns:
        None where it takes longer, or the registry does not answer.

    Raises:
        KafkaError: Kafka does not answer.
    """
    reader = DeadLetterReader(settings)
    try:
        async with asyncio.timeout(timeout_s):
            standing = await reader.standing()
    except (TimeoutError, RegistryError):
        return None
    finally:
        reader.close()
    return Counter(letter.worker for letter in standing.open)


def _unreadable(key: str, reason: str) -> DeadLetter:
    """Stands for what is no letter, so that it is seen and can be given up, and hides no other."""
    group, _, record_id = key.partition("/")
    return DeadLetter(
        group=group,
        record_id=record_id,
        topic="",
        partition=0,
        offset=0,
        stage="unreadable",
        error_class=CodecError.__name__,
        reason=reason,
        failed_at=0,
        key=None,
        value=None,
        headers=[],
        first_failed_at=None,
        tries=1,
        discarded_at=None,
    )
