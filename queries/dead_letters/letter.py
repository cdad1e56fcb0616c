"""What the topic of the dead letters comes to: the latest letter of each record and group, and which of them is meant.

Pure. A letter states what its sender knew of the record's earlier refusals; what of the topic is not compacted away
yet adds to that.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from schemas.records import DeadLetter
from sessiontrack.dead_letters import letter_key
from sessiontrack.errors import NotFoundError, UsageError

_OURS = "sessiontrack."
# Enough to see how to go on.
_MOST_NAMED = 5


class Place(NamedTuple):
    """Where a record stands in the topic of the dead letters."""

    partition: int
    offset: int


class Read(NamedTuple):
    """A record of the topic of the dead letters.

    Attributes:
        place: Where it stands.
        key: Its key.
        letter: Its value; None is a tombstone.
        replaces_until: It replaces no letter from this offset on; None: it replaces all.
    """

    place: Place
    key: str
    letter: DeadLetter | None
    replaces_until: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A record that a group set aside, without its bytes.

    Attributes:
        group: Consumer group that refused it.
        record_id: Id of the record.
        topic: Topic where the record stands.
        partition: Its partition there.
        offset: Its offset there.
        stage: Where it was refused last.
        error_class: Class of the last error.
        reason: What was wrong, without the record's contents.
        first_failed_at: When it was first refused, as far as is known; epoch milliseconds.
        failed_at: When it was last refused; epoch milliseconds.
        tries: How often it was refused, as far as is known.
        size: Length of its value, bytes; 0 where it has none.
        discarded_at: When it was given up, epoch milliseconds; None while it stands.
        place: Where the letter itself stands.
    """

    group: str
    record_id: str
    topic: str
    partition: int
    offset: int
    stage: str
    error_class: str
    reason: str
    first_failed_at: int
    failed_at: int
    tries: int
    size: int
    discarded_at: int | None
    place: Place

    @property
    def key(self) -> str:
        """Its key in the topic."""
        return letter_key(self.group, self.record_id)

    @property
    def worker(self) -> str:
        """The worker whose group it is; the group itself where it is none of ours."""
        if not self.group.startswith(_OURS):
            return self.group
        # A worker may have a group for each embedding space.
        return self.group.removeprefix(_OURS).partition(".")[0]


def fold(letters: dict[str, Letter], read: Read) -> None:
    """Takes a record of the topic into the letters that stand or were given up.

    Args:
        letters: By key; what the records before it in its partition come to.
        read: The record.
    """
    before = letters.get(read.key)
    if before and read.replaces_until is not None and before.place.offset >= read.replaces_until:
        # Whoever wrote this did not know of it, and was ended before it could be put behind.
        return
    if read.letter is None:
        letters.pop(read.key, None)
    else:
        letters[read.key] = _following(before, read.letter, read.place)


def matching(
    letters: Iterable[Letter],
    *,
    group: str | None = None,
    stage: str | None = None,
    error: str | None = None,
    since: int | None = None,
) -> list[Letter]:
    """Letters that fulfil every condition, the latest refusal first.

    Args:
        letters: From which.
        group: Their consumer group, or its worker.
        stage: Where they were refused.
        error: Class of their error.
        since: Refused at this time or later, epoch milliseconds.
    """
    found = [
        letter
        for letter in letters
        if group in (None, letter.group, letter.worker)
        and stage in (None, letter.stage)
        and error in (None, letter.error_class)
        and letter.failed_at >= (since or 0)
    ]
    return sorted(found, key=lambda letter: (-letter.failed_at, letter.key))


def named(letters: Sequence[Letter], name: str) -> Letter:
    """The letter that a person means.

    Args:
        letters: From which.
        name: Record id or key of the letter, or a unique beginning of one.

    Raises:
        NotFoundError: There is none.
        UsageError: There are several.
    """
    found = [each for each in letters if name in (each.record_id, each.key)]
    found = found or [each for each in letters if each.record_id.startswith(name) or each.key.startswith(name)]
    if not found:
        raise NotFoundError(
            f"there is no dead letter {name!r}",
            hint="`sessiontrack dead-letters list [--discarded]` shows them.",
        )
    if len(found) > 1:
        keys = ", ".join(each.key for each in found[:_MOST_NAMED]) + (", …" if len(found) > _MOST_NAMED else "")
        raise UsageError(f"{name!r} may be any of {len(found)} dead letters", hint=f"Write more of the id: {keys}.")
    return found[0]


def ids_by_worker(letters: Iterable[Letter]) -> dict[str, set[str]]:
    """The ids of the records that each worker's group set aside."""
    ids: dict[str, set[str]] = {}
    for letter in letters:
        ids.setdefault(letter.worker, set()).add(letter.record_id)
    return ids


def _following(before: Letter | None, letter: DeadLetter, place: Place) -> Letter:
    """The letter, with what the one before it tells of earlier refusals."""
    first = letter["first_failed_at"] or letter["failed_at"]
    tries = letter["tries"]
    if before is not None:
        first = min(first, before.first_failed_at)
        # Who is given a record for the first time knows of no refusal before; who gives it up refuses nothing, and
        # who puts a letter behind another tells of the same refusal again.
        is_refusal = letter["discarded_at"] is None and letter["failed_at"] != before.failed_at
        tries = max(tries, before.tries + is_refusal)
    return Letter(
        group=letter["group"],
        record_id=letter["record_id"],
        topic=letter["topic"],
        partition=letter["partition"],
        offset=letter["offset"],
        stage=letter["stage"],
        error_class=letter["error_class"],
        reason=letter["reason"],
        first_failed_at=first,
        failed_at=letter["failed_at"],
        tries=tries,
        size=len(letter["value"] or b""),
        discarded_at=letter["discarded_at"],
        place=place,
    )
