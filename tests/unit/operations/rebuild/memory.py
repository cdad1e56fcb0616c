"""A store, a log and a rebuild that may be killed at any step: all in memory but for what the rebuild remembers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from consumers.sink import Offsets, Received
from operations.rebuild.cursor import Cursor
from operations.rebuild.source import Chunk
from operations.rebuild.target import Marks, Standing
from schemas.records import SessionEvent
from schemas.topics import DERIVED, EVENTS, Topic
from sessiontrack.errors import TerminalError

LOG = "cluster/log"


class Killed(Exception):  # noqa: N818  # no error: an end
    """The process is no more."""


@dataclass
class Fate:
    """Ends the process at a step.

    Attributes:
        steps: How many steps it still has; None for ever.
    """

    steps: int | None = None

    def step(self) -> None:
        if self.steps is None:
            return
        if self.steps == 0:
            raise Killed
        self.steps -= 1


@dataclass
class MemorySource:
    """A log of one partition, which grows with each look at its end."""

    log: list[SessionEvent]
    fate: Fate
    chunk: int = 3
    arriving: list[SessionEvent] = field(default_factory=list)
    arrive: Callable[[SessionEvent], None] = lambda event: None

    async def ends(self) -> dict[int, int]:
        self.fate.step()
        if self.arriving:
            self.log.append(self.arriving[0])
            self.arrive(self.arriving.pop(0))
        return {0: len(self.log)}

    def left(self, partition: int, cursor: Cursor, end: int) -> int:
        return end - cursor.offset

    async def read(self, partition: int, cursor: Cursor, end: int) -> AsyncIterator[Chunk]:
        while cursor.offset < end:
            self.fate.step()
            placed = list(enumerate(self.log))[cursor.offset : min(end, cursor.offset + self.chunk)]
            after = cursor.offset + len(placed)
            yield Chunk(placed, Cursor(LOG, after, after), len(placed))
            cursor = Cursor(LOG, after, after)

    def close(self) -> None:
        pass


Contents = dict[tuple[str, str], Any]


@dataclass
class Store:
    """What outlives the process.

    Attributes:
        in_use: By topic and id.
        beside: What is being filled; None where nothing is.
        generation: Of what is in use.
        is_still: Whether writers are kept out.
        writes: How many batches the beside took.
    """

    in_use: Contents = field(default_factory=dict)
    beside: Contents | None = None
    generation: int = 1
    is_still: bool = False
    refuses: frozenset[str] = frozenset()
    loses: frozenset[str] = frozenset()


def keep(contents: Contents, topic: str, key: str, record: Any) -> None:
    """Stores a record as every store does: where its version is newer."""
    known = contents.get((topic, key))
    if known is None or record.get("version", 0) > known.get("version", 0):
        contents[topic, key] = record


class MemoryTarget:
    """The store as a target; killed before, between and after all that it does."""

    name = "memory"
    topics: Sequence[Topic] = (EVENTS, *DERIVED)

    def __init__(self, store: Store, fate: Fate) -> None:
        self.store = store
        self.fate = fate

    def standing(self, marks: Marks) -> Standing:
        if marks and marks["generation"] == self.store.generation:
            return Standing.IN_USE
        return Standing.ABSENT if self.store.beside is None else Standing.FILLING

    def prepare(self) -> Marks:
        self.fate.step()
        self.store.beside = {}
        self.fate.step()
        return {"generation": self.store.generation + 1}

    async def open(self) -> None:
        pass

    def project(self, topic: str, key: bytes, record: Any) -> Any:
        if key.decode() in self.store.refuses:
            raise TerminalError("it does not fit")
        return record

    async def write(self, batch: Sequence[Received]) -> Offsets:
        assert self.store.beside is not None
        for received in batch:
            self.fate.step()
            if received.key.decode() not in self.store.loses:
                keep(self.store.beside, received.partition.topic, received.key.decode(), received.projection)
        self.fate.step()
        return {}

    def settle(self) -> None:
        self.fate.step()

    @asynccontextmanager
    async def still(self, marks: Marks) -> AsyncIterator[None]:
        self.store.is_still = True
        try:
            yield
        except Killed:
            raise  # nobody is left to let the writers in
        except Exception:
            self.store.is_still = False
            raise
        self.store.is_still = False

    async def counts(self, marks: Marks) -> Mapping[str, int]:
        assert self.store.beside is not None
        return {topic.name: sum(name == topic.name for name, _ in self.store.beside) for topic in self.topics}

    async def swap(self, marks: Marks, *, keep_old: bool) -> None:
        assert self.store.is_still
        assert self.store.beside is not None
        self.fate.step()
        self.store.in_use, self.store.beside = self.store.beside, None
        self.store.generation += 1
        self.fate.step()

    def release(self) -> None:
        self.store.is_still = False

    def clear(self) -> None:
        self.fate.step()

    def discard(self) -> None:
        self.store.beside = None

    async def close(self) -> None:
        pass
