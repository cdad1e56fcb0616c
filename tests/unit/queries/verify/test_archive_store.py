"""What the manifests say of a block is what the ledger expects of it, or nothing is said."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from consumers.archive.container import CorruptSegmentError
from consumers.archive.layout import SegmentKey
from consumers.archive.manifest import Manifest, ManifestBuilder, value_digest
from queries.archive import Archive, Segment
from queries.verify.comparison import total_of
from queries.verify.expected import ARCHIVE, BLOCK, Block
from queries.verify.expected import value_digest as expected_digest
from queries.verify.stores.archive import ArchiveStore
from tests.unit.queries.verify.ledgers import LOG

UNIT = str(Block(LOG, 0, 1))
VALUES = st.lists(st.none() | st.binary(max_size=3), min_size=1, max_size=6)


class Manifests(Archive):
    """An archive of manifests alone; None is one whose segment is damaged."""

    def __init__(self, manifests: dict[SegmentKey, Manifest | None]) -> None:
        self._manifests = manifests

    def segments(self, partition: int | None = None) -> list[Segment]:
        return [Segment(key, has_records=True, has_manifest=True) for key in self._manifests]

    def proved_manifest(self, segment: Segment) -> Manifest:
        manifest = self._manifests[segment.key]
        if manifest is None:
            raise CorruptSegmentError("damaged")
        return manifest


def key(first: int, records: int) -> SegmentKey:
    return SegmentKey(LOG, 0, first, first + records - 1)


def manifest(of: SegmentKey, values: Sequence[bytes | None], *, identified: bool = True) -> Manifest:
    """Of records of two sessions in turn."""
    builder = ManifestBuilder()
    for number, value in enumerate(values):
        identity = (f"s{number % 2}", str(UUID(int=number))) if identified else None
        builder.add(of.first + number, identity, value_digest(value))
    return builder.manifest(of, b"")


def totals(manifests: dict[SegmentKey, Manifest | None]) -> object:
    return ArchiveStore(Manifests(manifests), lambda *_: True).totals(ARCHIVE, [UNIT])


@given(VALUES, VALUES)
def test_the_total_of_a_block_is_that_of_its_values_in_however_many_segments(
    first: list[bytes | None], second: list[bytes | None]
) -> None:
    keys = key(BLOCK, len(first)), key(BLOCK + len(first), len(second))
    manifests: dict[SegmentKey, Manifest | None] = {
        keys[0]: manifest(keys[0], first),
        keys[1]: manifest(keys[1], second),
    }
    assert totals(manifests) == {UNIT: total_of(expected_digest(value) for value in first + second)}


def test_where_a_manifest_does_not_tell_of_every_record_of_the_block_and_of_no_other_there_is_no_total() -> None:
    within, across = key(BLOCK, 2), key(BLOCK - 1, 2)
    assert totals({within: None}) == {}
    assert totals({within: manifest(within, [b"a", b"b"], identified=False)}) == {}
    assert totals({across: manifest(across, [b"a", b"b"])}) == {}
