"""What a rebuild fills: a store beside the one in use, which takes its place at the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from enum import Enum
from typing import Any, Protocol

from consumers.sink import Offsets, Received
from schemas.topics import Topic

Marks = Mapping[str, Any]
"""What tells the target again after a kill, as JSON."""


class Standing(Enum):
    """How a target stands."""

    ABSENT = "absent"
    FILLING = "filling"
    IN_USE = "in use"


class Writable(Protocol):
    """What takes records."""

    topics: Sequence[Topic]
    """Whose records it takes."""

    def project(self, topic: str, key: bytes, record: Any) -> Any:
        """What the sink makes of a record.

        Raises:
            TerminalError: It can't be stored.
        """

    async def write(self, batch: Sequence[Received]) -> Offsets:
        """Writes projected records, as the sink does."""


class Target(Writable, Protocol):
    """The store beside; what is no coroutine blocks, so it is called in a thread."""

    name: str
    """Name of the store, and of the sink that keeps it."""

    def standing(self, marks: Marks) -> Standing:
        """How what was prepared stands now.

        Args:
            marks: From `prepare`; empty where a preparation was cut short.
        """

    def prepare(self) -> Marks:
        """Makes it, empty.

        Raises:
            UnavailableError: The store does not answer.
        """

    async def open(self) -> None:
        """Connects.

        Raises:
            TransientError: The store does not answer yet.
        """

    def settle(self) -> None:
        """Gets ready for the swap what takes time, while the store in use is still written."""

    def still(self, marks: Marks) -> AbstractAsyncContextManager[None]:
        """Keeps the sink from writing to the store in use, which waits meanwhile; readers notice nothing."""

    async def counts(self, marks: Marks) -> Mapping[str, int]:
        """How many records it holds, by topic."""

    async def swap(self, marks: Marks, *, keep_old: bool) -> None:
        """Puts it in the place of the store in use, in one step; within `still`."""

    def release(self) -> None:
        """Lets the store in use be written, from which a rebuild that was killed may have kept the sink."""

    def clear(self) -> None:
        """Removes what was swapped out and is not to be kept."""

    def discard(self) -> None:
        """Removes it, also where it is there in part only."""

    async def close(self) -> None:
        """Disconnects."""
