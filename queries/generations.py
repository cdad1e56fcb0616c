"""The generations of a transcript: what it was before it was rewritten, truncated, reset, and what it is now. Pure.

The lines of a session are a tree of chains, as commits are in git: generations share the lines of their common start.
A generation is a head of the tree: a line that no line follows, or one that a `transcript_head` event names as the end
of a file that was archived, replaced or truncated.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from schemas.records import HeadReason, TranscriptState
from sessiontrack.identity import GENESIS


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a transcript.

    Attributes:
        chain: Its chain.
        previous: Chain of the line before.
        number: Its place, from 1.
        size: Its length in bytes, terminator included.
        occurred_at: Its time, epoch milliseconds.
    """

    chain: bytes
    previous: bytes
    number: int
    size: int
    occurred_at: int


@dataclass(frozen=True, slots=True)
class Head:
    """What a `transcript_head` event says.

    Attributes:
        chain: Chain of the last line; `GENESIS` of an empty file.
        lines: How many lines.
        size: How many bytes.
        sha256: SHA-256 of the file.
        reason: Why it was sent.
        state: What the file is.
        archived_at: The time in an archive name, epoch milliseconds.
        occurred_at: Time of the last line, or `archived_at`.
        captured_at: When it was read.
    """

    chain: bytes
    lines: int
    size: int
    sha256: bytes
    reason: HeadReason
    state: TranscriptState
    archived_at: int | None
    occurred_at: int
    captured_at: int


@dataclass(frozen=True, slots=True)
class Generation:
    """One generation of a transcript.

    Attributes:
        number: From 1, for display: those that another took the place of, by time; then those that were put away by a
            reset or a deletion; the live one last.
        state: LIVE, RESET, DELETED, BACKUP or REPLACED.
        archived_at: The time in its archive name, epoch milliseconds.
        last_at: Time of its last line, epoch milliseconds.
        lines: How many lines.
        size: How many bytes.
        chain: Its head: proves the lines.
        sha256: SHA-256 of the file; None where no head event came yet.
        current: Whether it is what the session is now: the live one, else the last.
        missing_line: Number of the last line that is missing before those that are there; None where it is complete.
    """

    number: int
    state: TranscriptState
    archived_at: int | None
    last_at: int
    lines: int
    size: int
    chain: bytes
    sha256: bytes | None
    current: bool
    missing_line: int | None


class LineTree:
    """All lines of a session by their chain.

    Args:
        lines: In any order; repeats allowed.
    """

    def __init__(self, lines: Iterable[Line]) -> None:
        self._lines = {line.chain: line for line in lines}
        self._followed = {line.previous for line in self._lines.values()}

    def path(self, head: bytes) -> list[Line]:
        """The lines up to a head, first to last; those after the last missing line where one is missing."""
        path = []
        while (line := self._lines.get(head)) is not None:
            path.append(line)
            head = line.previous
        path.reverse()
        return path

    def is_followed(self, chain: bytes) -> bool:
        """Whether a line follows."""
        return chain in self._followed

    def leaves(self, heads: Iterable[Head]) -> list[Line]:
        """The lines that no line follows, but for those where a line is missing.

        The line before a missing one ends nothing: what follows it is there (a later line, or the head), only not
        joined to it.
        """
        torn = [line.number for line in self._lines.values() if not self._is_joined(line)]
        headless = [head.lines for head in heads if head.chain not in self._lines]
        resumed = max([*torn, *headless], default=0)
        return [line for line in self._lines.values() if line.chain not in self._followed and line.number >= resumed]

    def _is_joined(self, line: Line) -> bool:
        return line.previous == GENESIS or line.previous in self._lines


def generations_of(tree: LineTree, heads: Sequence[Head]) -> list[Generation]:
    """The generations of a session, numbered.

    Args:
        tree: Its lines.
        heads: What its head events say, in any order; repeats allowed.
    """
    found = {chain: _generation(tree, chain, head) for chain, head in _heads_of_generations(tree, heads).items()}
    ordered = sorted(found.values(), key=_place)
    return [
        replace(generation, number=number, current=number == len(ordered))
        for number, generation in enumerate(ordered, start=1)
    ]


def _heads_of_generations(tree: LineTree, heads: Sequence[Head]) -> Mapping[bytes, Head | None]:
    closing = {head.chain: head for head in sorted(heads, key=_closing_order) if head.state != "LIVE"}
    live = {
        head.chain: head
        for head in sorted(heads, key=lambda head: head.captured_at)
        if head.state == "LIVE" and head.chain not in closing
    }
    open_ends = {
        **{line.chain: live.get(line.chain) for line in tree.leaves(heads) if line.chain not in closing},
        # The head came, its line is missing.
        **{chain: head for chain, head in live.items() if head.lines and not tree.is_followed(chain)},
    }
    return {**closing, **(open_ends or _still_live(closing.values(), live.values()))}


def _still_live(closing: Iterable[Head], live: Iterable[Head]) -> Mapping[bytes, Head]:
    """The live file where it is but the beginning of what it was: it is no leaf, only its head tells of it.

    A head that is older than the last closing is of the time before: the file grew beyond it, and was closed then.
    """
    closed_at = max((head.captured_at for head in closing), default=None)
    since = [head for head in live if closed_at is not None and head.captured_at >= closed_at]
    return {head.chain: head for head in sorted(since, key=lambda head: (head.captured_at, head.lines))[-1:]}


def _generation(tree: LineTree, chain: bytes, head: Head | None) -> Generation:
    path = tree.path(chain)
    joined = path[0].previous == GENESIS if path else chain == GENESIS
    first_number = path[0].number if path else (head.lines + 1 if head else 1)
    return Generation(
        number=0,
        state=head.state if head else "LIVE",
        archived_at=head.archived_at if head else None,
        last_at=path[-1].occurred_at if path else (head.occurred_at if head else 0),
        lines=head.lines if head else path[-1].number,
        size=head.size if head else sum(line.size for line in path),
        chain=chain,
        sha256=head.sha256 if head else None,
        current=False,
        missing_line=None if joined else first_number - 1,
    )


def _closing_order(head: Head) -> tuple[bool, int, str]:
    # Of several heads of one chain the archived one counts, of these the last: it is how the file is named now.
    return head.archived_at is not None, head.archived_at or 0, head.state


# A transcript that was rewritten and then deleted is the deleted one, whenever the rewrite was noticed.
_ORDER = {"RESET": 1, "DELETED": 1, "LIVE": 2}


def _place(generation: Generation) -> tuple[int, int, int, int, bytes]:
    ended_at = generation.last_at if generation.archived_at is None else generation.archived_at
    return _ORDER.get(generation.state, 0), ended_at, generation.last_at, generation.lines, generation.chain
