"""What a store should hold against what it holds: the conservation law, for one unit of one dataset. Pure."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

TOTAL_MODULUS = 1 << 64
DifferenceKind = Literal["missing", "surplus", "altered"]


class Dataset(NamedTuple):
    """What is compared as a whole.

    Attributes:
        store: log, archive, postgres or opensearch.
        name: events, sessions, messages, tool-calls, …
    """

    store: str
    name: str


@dataclass(frozen=True, slots=True)
class Difference:
    """A record that is not as the log says.

    Attributes:
        store: log, archive, postgres or opensearch.
        dataset: events, sessions, messages, tool-calls, …
        kind: missing, surplus or altered.
        record_id: Which record.
        session_id: Its session, where that is known.
        detail: What is wrong with it, without its contents.
        unit: The unit in which it was found: a session, a block of the archive, a claim.
    """

    store: str
    dataset: str
    kind: DifferenceKind
    record_id: str
    session_id: str | None = None
    detail: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """The result for one dataset of one store: expected = stored + dead_lettered + discarded where nothing differs.

    Attributes:
        store: Which store.
        dataset: Which dataset.
        expected: Distinct records that the log implies.
        stored: Of those, how many are there and equal.
        dead_lettered: Of those, how many the store's group set aside.
        discarded: Of those, how many it set aside and a person gave up.
        read: Records that were read from the store; of the others the store said that they are what they were.
        differences: What is not as it should be.
    """

    store: str
    dataset: str
    expected: int
    stored: int
    dead_lettered: int
    discarded: int
    read: int
    differences: tuple[Difference, ...]

    def without(self, sessions: Container[str | None]) -> Check:
        """The check with the differences of some sessions left out."""
        return replace(self, differences=tuple(each for each in self.differences if each.session_id not in sessions))


class SetAside(NamedTuple):
    """Ids of the records that a store's group set aside.

    Attributes:
        standing: Those that wait for what comes.
        discarded: Those that a person gave up.
    """

    standing: Collection[str] = ()
    discarded: Collection[str] = ()


class Total(NamedTuple):
    """What records come to, in whatever order: equal totals mean equal records.

    Attributes:
        records: How many.
        digest: Sum of the last 8 bytes of their digests as numbers, modulo 2^64.
    """

    records: int
    digest: int


def total_of(digests: Iterable[bytes]) -> Total:
    """The total of the records with these digests."""
    numbers = [int.from_bytes(digest[-8:]) for digest in digests]
    return Total(len(numbers), sum(numbers) % TOTAL_MODULUS)


class Found(NamedTuple):
    """A record that a store holds.

    Attributes:
        unit: Its unit.
        record_id: Its id.
        digest: Of its contents.
        session_id: Its session.
    """

    unit: str
    record_id: str
    digest: bytes
    session_id: str | None


@dataclass(slots=True)
class Comparison:
    """What comparing one unit came to.

    Attributes:
        stored: Expected records that are there and equal.
        dead_lettered: Expected records that were set aside.
        discarded: Expected records that were given up.
        read: Records that were found.
        differences: What is not as it should be.
    """

    stored: int = 0
    dead_lettered: int = 0
    discarded: int = 0
    read: int = 0
    differences: list[Difference] = field(default_factory=list)


def compare(
    dataset: Dataset,
    unit: str,
    expected: Mapping[str, bytes],
    found: Iterable[Found],
    set_aside: SetAside = SetAside(),  # noqa: B008  # immutable
    session_id: str | None = None,
) -> Comparison:
    """Crosses off the expected records of a unit as they are found.

    A record that was set aside explains that it is not there, and that an older version of it is.

    Args:
        dataset: What the unit is of.
        unit: Its name.
        expected: Digests by record id.
        found: What the store holds of the unit, in any order.
        set_aside: What the store's group set aside.
        session_id: Whose records are missing, where it is one session's.
    """
    result = Comparison()

    def differ(kind: DifferenceKind, record_id: str, session: str | None, detail: str) -> None:
        result.differences.append(Difference(*dataset, kind, record_id, session, detail, unit))

    equal: set[str] = set()
    seen: dict[str, str | None] = {}
    for each in found:
        result.read += 1
        if each.record_id not in expected:
            differ("surplus", each.record_id, each.session_id, "nothing in the log asks for it")
        elif each.record_id in seen:
            differ("surplus", each.record_id, each.session_id, "it is there twice")
        elif expected[each.record_id] == each.digest:
            equal.add(each.record_id)
        seen[each.record_id] = each.session_id
    result.stored = len(equal)
    for record_id in expected.keys() - equal:
        if record_id in set_aside.standing:
            result.dead_lettered += 1
        elif record_id in set_aside.discarded:
            result.discarded += 1
        elif record_id in seen:
            differ("altered", record_id, seen[record_id], "its content is not what the log says")
        else:
            differ("missing", record_id, session_id, "it is not there")
    return result
