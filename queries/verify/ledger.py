"""What a store should hold against what it holds: the conservation law, for one dataset of one store. Pure."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, replace
from typing import Literal

DifferenceKind = Literal["missing", "surplus", "altered"]


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
    """

    store: str
    dataset: str
    kind: DifferenceKind
    record_id: str
    session_id: str | None = None
    detail: str = ""


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
        differences: What is not as it should be.
    """

    store: str
    dataset: str
    expected: int
    stored: int
    dead_lettered: int
    discarded: int
    differences: tuple[Difference, ...]

    def without(self, sessions: Container[str | None]) -> Check:
        """The check with the differences of some sessions left out."""
        return replace(self, differences=tuple(each for each in self.differences if each.session_id not in sessions))


class Ledger:
    """Expected records of one dataset, crossed off as they are found.

    Holds an id and a digest for each record, never its contents.
    """

    def __init__(self, store: str, dataset: str) -> None:
        self.store = store
        self.dataset = dataset
        self._expected: dict[str, tuple[bytes, str | None]] = {}
        self._equal: set[str] = set()
        self._found: set[str] = set()
        self._differences: list[Difference] = []

    def expect(self, record_id: str, digest: bytes, session_id: str | None) -> None:
        """A record should be there; the latest call for an id counts."""
        self._expected[record_id] = (digest, session_id)

    def expect_first(self, record_id: str, digest: bytes, session_id: str | None) -> bool:
        """A record should be there as it came first; False where it is a repeat."""
        if record_id in self._expected:
            return False
        self._expected[record_id] = (digest, session_id)
        return True

    def found(self, record_id: str, digest: bytes, session_id: str | None) -> None:
        """A record is there."""
        expected = self._expected.get(record_id)
        if expected is None:
            self.differ("surplus", record_id, session_id, "nothing in the log asks for it")
        elif record_id in self._found:
            self.differ("surplus", record_id, session_id, "it is there twice")
        elif expected[0] == digest:
            self._equal.add(record_id)
        self._found.add(record_id)

    def differ(self, kind: DifferenceKind, record_id: str, session_id: str | None, detail: str) -> None:
        """Notes a difference that was found in another way."""
        self._differences.append(Difference(self.store, self.dataset, kind, record_id, session_id, detail))

    def close(self, dead_letters: Container[str] = (), discarded: Container[str] = ()) -> Check:
        """The result, once everything that is there was told.

        A record that was set aside explains that it is not there, and that an older version of it is.

        Args:
            dead_letters: Ids that the store's group set aside.
            discarded: Ids that it set aside and a person gave up.
        """
        counts = {"dead_lettered": 0, "discarded": 0}
        for record_id in self._expected.keys() - self._equal:
            if record_id in dead_letters:
                counts["dead_lettered"] += 1
            elif record_id in discarded:
                counts["discarded"] += 1
            elif record_id in self._found:
                self.differ("altered", record_id, self._expected[record_id][1], "its content is not what the log says")
            else:
                self.differ("missing", record_id, self._expected[record_id][1], "it is not there")
        differences = tuple(sorted(self._differences, key=lambda each: (each.kind, each.record_id)))
        return Check(self.store, self.dataset, len(self._expected), len(self._equal), **counts, differences=differences)
