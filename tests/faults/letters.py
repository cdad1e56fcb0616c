"""The topic of the dead letters, in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field

from aiokafka import TopicPartition

from operations.dead_letters.attempt import Refused
from queries.dead_letters.letter import Letter, Place, Read, fold
from queries.dead_letters.topic import Standing
from schemas.records import DeadLetter
from schemas.topics import DEAD_LETTERS
from sessiontrack.dead_letters import dead_letter_key

_PLACE = TopicPartition(DEAD_LETTERS.name, 0)


@dataclass
class MemoryLetters:
    """One partition, of which nothing is compacted away.

    Attributes:
        reads: What is in it.
    """

    reads: list[Read] = field(default_factory=list)

    def add(self, letter: DeadLetter) -> None:
        """Appends what a worker sets aside."""
        self.append(dead_letter_key(letter).decode(), letter)

    def append(self, key: str, letter: DeadLetter | None) -> Place:
        """Appends a letter, or a tombstone."""
        place = Place(_PLACE.partition, len(self.reads))
        self.reads.append(Read(place, key, letter))
        return place

    def standing(self) -> Standing:
        """The letters of now."""
        letters: dict[str, Letter] = {}
        for read in self.reads:
            fold(letters, read)
        return Standing(letters, {_PLACE: len(self.reads)})

    def refused(self, letters: Sequence[Letter]) -> list[Refused]:
        """Letters with their bytes."""
        originals = [(letter, self.reads[letter.place.offset].letter) for letter in letters]
        return [Refused(letter, original) for letter, original in originals if original is not None]

    async def ends(self) -> Mapping[TopicPartition, int]:
        """As the reader does."""
        return {_PLACE: len(self.reads)}

    async def between(
        self, begins: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, int]
    ) -> AsyncIterator[Read]:
        """As the reader does."""
        for read in self.reads[begins[_PLACE] : ends[_PLACE]]:
            yield read
