"""The shape of a transcript: which lines a generation of it has, and how they hang together. Pure.

Made for damaged transcripts: lines that are missing, parents that were never written (2026.1 after a compaction), rows
without any parent (2026.1's injected replies), ids that occur twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from queries.generations import Generation, Head, Line, LineTree, generations_of
from sessiontrack.errors import NotFoundError
from sessiontrack.identity import GENESIS

EventRow = dict[str, Any]
"""A row of the table events."""

Link = Literal["parent", "root", "orphan"]
"""How an entry hangs on: on the parent that it names, on none, or on one that is not there."""


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of one generation.

    Attributes:
        rows: The events of its lines, in order.
        missing: How many lines of it are not there.
        generations: All generations of the session, in the order of their numbers.
    """

    rows: tuple[EventRow, ...]
    missing: int
    generations: tuple[Generation, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """Where an entry stands in the tree.

    Attributes:
        depth: 0 on the path to the current leaf, more on branches that were left.
        link: How it hangs on the tree; what has no parent follows the line before it.
    """

    depth: int
    link: Link


def generation_lines(events: Iterable[EventRow], number: int | None = None) -> Lines:
    """The lines of a generation, as `export` gives it; none where the session has no lines.

    Args:
        events: All events of the session, in any order.
        number: Of the generation; the current one if None.

    Raises:
        NotFoundError: There is no generation of this number.
    """
    lines: dict[bytes, EventRow] = {}
    heads: list[Head] = []
    for row in events:
        if row["kind"] == "TRANSCRIPT_HEAD" and row["body"]:
            heads.append(_head(row))
        elif row["line_number"] is not None:
            lines[row["chain"]] = row
    tree = LineTree(map(_line, lines.values()))
    generations = tuple(generations_of(tree, heads))
    chosen = next((each for each in generations if (each.current if number is None else each.number == number)), None)
    if chosen is None and number is not None:
        raise NotFoundError(
            f"there is no generation {number}", hint=f"The session has {len(generations)}, numbered from 1."
        )
    rows = _walk_back(chosen, lines) if chosen else ()
    return Lines(rows, chosen.lines - len(rows) if chosen else 0, generations)


def places(rows: Sequence[EventRow]) -> list[Place]:
    """The place of each of these lines, the header not among them."""
    parents, links = _parents(rows)
    path = _path(_leaf(rows), parents)
    depths: list[int] = []
    continued: set[int] = set()
    for index, parent in enumerate(parents):
        if index in path or parent is None:
            depths.append(0)
            continue
        # The first entry on a branch goes on with it; another one opens a branch of the branch.
        opens = parent in path or parent in continued
        continued.add(parent)
        depths.append(depths[parent] + opens)
    return [Place(depth, link) for depth, link in zip(depths, links, strict=True)]


def _line(row: EventRow) -> Line:
    # Its length is not known here, and matters to an export only.
    return Line(row["chain"], row["previous_chain"], row["line_number"], 0, row["occurred_at"])


def _head(row: EventRow) -> Head:
    body = row["body"]
    return Head(
        chain=row["chain"],
        lines=body["lines"],
        size=body["bytes"],
        sha256=bytes.fromhex(body["sha256"]),
        reason=body["reason"],
        state=body["state"],
        archived_at=body["archived_at"],
        occurred_at=row["occurred_at"],
        captured_at=row["captured_at"],
    )


def _walk_back(generation: Generation, lines: dict[bytes, EventRow]) -> tuple[EventRow, ...]:
    """From the last line to the first; where one is missing, on with the lines of lower number."""
    left = dict(lines)
    rows = []
    row = left.get(generation.chain) or _last_before(left.values(), generation.lines + 1)
    while row is not None:
        rows.append(row)
        del left[row["chain"]]
        before = row["previous_chain"]
        row = None if before == GENESIS else left.get(before) or _last_before(left.values(), row["line_number"])
    return tuple(reversed(rows))


def _last_before(rows: Iterable[EventRow], number: int) -> EventRow | None:
    earlier = (row for row in rows if row["line_number"] < number)
    return max(earlier, key=lambda row: (row["line_number"], row["captured_at"]), default=None)


def _parents(rows: Sequence[EventRow]) -> tuple[list[int | None], list[Link]]:
    """For each line the index of what it hangs on, always an earlier one: so there are no cycles."""
    known: dict[str, int] = {}
    parents: list[int | None] = []
    links: list[Link] = []
    for index, row in enumerate(rows):
        before = index - 1 if index else None
        named = row["parent_entry_id"]
        parents.append(known.get(named, before) if named else before)
        links.append("root" if not named else "parent" if named in known else "orphan")
        if row["entry_id"]:
            known[row["entry_id"]] = index
    return parents, links


def _leaf(rows: Sequence[EventRow]) -> int:
    """The last line, or what the last leaf control points to."""
    for index in range(len(rows) - 1, -1, -1):
        if rows[index]["kind"] != "LEAF":
            return index
        target = (rows[index]["body"] or {}).get("target_id")
        for earlier in range(index - 1, -1, -1):
            if target and rows[earlier]["entry_id"] == target:
                return earlier
    return len(rows) - 1


def _path(leaf: int, parents: Sequence[int | None]) -> set[int]:
    path = set()
    index: int | None = leaf if parents else None
    while index is not None:
        path.add(index)
        index = parents[index]
    return path
