"""What a batch of embedded records comes to: which rows go into which space, which go away. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from consumers.embedded import Embedded
from consumers.postgres.batch import Changes, Stored
from consumers.postgres.copying import RowWriter, UnfitError, row_writer
from consumers.postgres_vectors.tables import VIEWS, table_in
from sessiontrack.errors import TerminalError

# The columns of all spaces are alike, so that any name does.
_WRITERS: Mapping[str, RowWriter] = {topic: row_writer(table_in("any@1", topic).columns) for topic in VIEWS}


class Projected(NamedTuple):
    """A record as it waits to be written.

    Attributes:
        topic: Name of its topic.
        id: Its id.
        space: Its space; None where the tombstone does not tell it.
        stored: What goes in; None for a tombstone.
    """

    topic: str
    id: str
    space: str | None
    stored: Stored | None


def projected(found: Embedded) -> Projected:
    """The projection of a record.

    Raises:
        TerminalError: A value that its column can't hold.
    """
    if found.record is None or found.space is None:
        return Projected(found.topic, found.id, found.space, None)
    table = table_in(found.space, found.topic)
    try:
        rows = tuple(map(_WRITERS[found.topic], table.rows(found.record)))
    except UnfitError as error:
        raise TerminalError(f"PostgreSQL has no place for a value: {error}") from error
    return Projected(found.topic, found.id, found.space, Stored(found.id, found.record["version"], rows, placed=True))


def fold(batch: Iterable[Projected], known: Collection[str]) -> dict[tuple[str, str], Changes]:
    """The changes by space and topic.

    Args:
        batch: Projected records, in the order of each partition.
        known: The spaces that have tables, those of the batch among them.
    """
    changes: dict[tuple[str, str], Changes] = {}
    for each in batch:
        for space in known if each.space is None else {each.space} & set(known):
            of_table = changes.setdefault((space, each.topic), Changes())
            if each.stored:
                of_table.add(each.stored)
            else:
                of_table.remove(each.id)
    return changes
