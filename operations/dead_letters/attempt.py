"""What it is to give refused records to their group again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from queries.dead_letters.letter import Letter
from queries.dead_letters.topic import Offsets
from schemas.records import DeadLetter
from sessiontrack.dead_letters import reason_of


class Refused(NamedTuple):
    """A letter with the record that it is about."""

    letter: Letter
    original: DeadLetter


class Refusal(NamedTuple):
    """Why a record is refused again.

    Attributes:
        stage: Where.
        error_class: Class of the error.
        reason: What is wrong, without the record's contents.
    """

    stage: str
    error_class: str
    reason: str

    @classmethod
    def of(cls, stage: str, error: Exception) -> Refusal:
        """The refusal that an error is."""
        return cls(stage, type(error).__name__, reason_of(error))


@dataclass(frozen=True, slots=True)
class Attempted:
    """What an attempt came to; every record of the batch that is not refused is processed now.

    Attributes:
        refusals: By the key of the letter.
        letters: Keys of the letters that the attempt made the group send: what they say is in `refusals`.
        read_until: Offsets of the dead letters up to which those were looked for; None where there can be none.
    """

    refusals: Mapping[str, Refusal]
    letters: frozenset[str] = field(default_factory=frozenset)
    read_until: Offsets | None = None


class Way(Protocol):
    """A way back to one group."""

    async def attempt(self, batch: Sequence[Refused]) -> Attempted:
        """Gives records to the group again; what the group has already changes nothing.

        Args:
            batch: At least one.

        Raises:
            TransientError, UnavailableError: What is needed is away; what was done of the batch changes nothing when
                it is done again.
        """
