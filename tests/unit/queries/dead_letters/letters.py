"""Letters for tests: whole ones, of which a test states only what it is about."""

from __future__ import annotations

from typing import Any

from queries.dead_letters.letter import Letter, Place, Read, fold
from schemas.records import DeadLetter
from schemas.topics import DEAD_LETTERS
from sessiontrack.dead_letters import dead_letter_key
from tests.records import record

GROUP = "sessiontrack.postgres"


def dead_letter(**fields: Any) -> DeadLetter:
    """A DeadLetter."""
    letter: DeadLetter = record(DEAD_LETTERS.name, **({"group": GROUP, "record_id": "r", "tries": 1} | fields))
    return letter


def read(letter: DeadLetter, offset: int = 0, partition: int = 0) -> Read:
    """A letter as it stands in the topic."""
    return Read(Place(partition, offset), dead_letter_key(letter).decode(), letter)


def summary(**fields: Any) -> Letter:
    """A letter without its bytes."""
    letters: dict[str, Letter] = {}
    fold(letters, read(dead_letter(**fields)))
    return next(iter(letters.values()))
