"""What records of the embedded topics are to the bulk API. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from consumers.embedded import Embedded
from consumers.opensearch.bulk import Operation, removal, storing
from consumers.opensearch.documents import Document
from infra.opensearch.vectors import CHUNKS, SESSION_VECTORS, dataset_in
from schemas import topics
from schemas.vectors import decode_vector
from sessiontrack.settings import OpenSearchSettings

_DATASETS = {topics.CHUNKS.name: CHUNKS, topics.SESSION_VECTORS.name: SESSION_VECTORS}


class Projected(NamedTuple):
    """A record as it waits to be written.

    Attributes:
        dataset: `chunks` or `session-vectors`.
        id: Id of the document.
        space: Its space; None where the tombstone does not tell it.
        operation: How it is stored; None for a tombstone.
    """

    dataset: str
    id: str
    space: str | None
    operation: Operation | None


def projected(record: Embedded, target: OpenSearchSettings) -> Projected:
    """The projection of a record."""
    dataset = _DATASETS[record.topic]
    if record.record is None or record.space is None:
        return Projected(dataset, record.id, record.space, None)
    body = {name: value for name, value in record.record.items() if value is not None}
    body["vector"] = decode_vector(record.record["vector"])
    found = Document(dataset_in(record.space, dataset), record.id, record.record["version"], body)
    return Projected(dataset, record.id, record.space, storing(found, target))


def operations(batch: Iterable[Projected], known: Iterable[str], target: OpenSearchSettings) -> Iterator[Operation]:
    """The operations of a batch, in its order: a tombstone is one for each space that it may speak of.

    Args:
        batch: The projections.
        known: The spaces that have indexes.
        target: Gives the names of the aliases.
    """
    spaces = sorted(known)
    for each in batch:
        if each.operation:
            yield each.operation
            continue
        for space in spaces:
            if each.space in (None, space):
                yield removal(dataset_in(space, each.dataset), each.id.encode(), target)
