"""The archive: a unit is a block of offsets, whatever segments hold it; or a claim, a line too large for the log.

The fingerprint is what the object store itself says of the objects' contents: an object is put whole, and has another
ETag with other contents.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence

from consumers.archive.container import CorruptSegmentError
from consumers.archive.layout import PREFIX
from producers.claims import PREFIX as CLAIMS_PREFIX
from queries.archive import Archive, Segment
from queries.verify.comparison import TOTAL_MODULUS, Dataset, Difference, DifferenceKind, Found, Total
from queries.verify.expected import ARCHIVE, BLOCK, CLAIMS, Block, place_id, value_digest


class ArchiveStore:
    """The segments.

    Args:
        archive: A connection.
        is_wanted: Whether the record with this key at this offset of a block is compared.
    """

    datasets: Sequence[Dataset] = (ARCHIVE,)
    exclusive = True

    def __init__(self, archive: Archive, is_wanted: Callable[[Block, int, bytes], bool]) -> None:
        self._archive = archive
        self._is_wanted = is_wanted
        self._blocks: dict[Block, list[Segment]] = defaultdict(list)
        for segment in archive.segments():
            key = segment.key
            for number in range(key.first // BLOCK, key.last // BLOCK + 1):
                self._blocks[Block(key.log, key.partition, number)].append(segment)

    def fingerprints(self, dataset: Dataset) -> Mapping[str, str]:
        """By block."""
        etags = self._archive.etags(PREFIX)

        def fingerprint(segment: Segment) -> str:
            key = segment.key
            return f"{key.first}-{key.last} {etags.get(key.object)} {etags.get(key.manifest)}"

        return {str(block): " ".join(map(fingerprint, segments)) for block, segments in self._blocks.items()}

    def totals(self, dataset: Dataset, units: Sequence[str]) -> Mapping[str, Total]:
        """By block: what the manifests of its segments state, where the segments are what their manifests are of."""
        totals = ((unit, self._total(Block.parse(unit))) for unit in units)
        return {unit: total for unit, total in totals if total is not None}

    def _total(self, block: Block) -> Total | None:
        records = digest = 0
        for segment in self._blocks.get(block, ()):
            try:
                manifest = self._archive.proved_manifest(segment)
            except CorruptSegmentError:
                return None
            within = block.first <= segment.key.first and segment.key.last < block.end
            if manifest.unidentified or not within:
                # Its sums leave out records, or have those of another block too.
                return None
            records += manifest.records
            digest += sum(int(entry.records_digest, 16) for entry in manifest.sessions.values())
        return Total(records, digest % TOTAL_MODULUS)

    def records(self, dataset: Dataset, units: Sequence[str]) -> Iterator[Found | Difference]:
        """The records of some blocks."""
        for unit in units:
            for segment in self._blocks.get(Block.parse(unit), ()):
                yield from self._segment(unit, segment)

    def _segment(self, unit: str, segment: Segment) -> Iterator[Found | Difference]:
        block = Block.parse(unit)
        if not segment.has_manifest:
            yield Difference(*ARCHIVE, "missing", segment.key.manifest, None, "the manifest of a segment", unit)
        try:
            for record in self._archive.records(segment):
                offset = record["offset"]
                if block.first <= offset < block.end and self._is_wanted(block, offset, record["key"]):
                    session_id = record["key"].decode("utf-8", "replace")
                    yield Found(unit, place_id(block.partition, offset), value_digest(record["value"]), session_id)
        except CorruptSegmentError as error:
            kind: DifferenceKind = "altered" if segment.has_records else "missing"
            yield Difference(*ARCHIVE, kind, segment.key.object, None, str(error), unit)


class ClaimStore:
    """The claims. One that no event refers to is no difference: it was put before an event that never came.

    Args:
        archive: A connection.
    """

    datasets: Sequence[Dataset] = (CLAIMS,)
    exclusive = False

    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    def fingerprints(self, dataset: Dataset) -> Mapping[str, str]:
        """By object key."""
        return self._archive.etags(CLAIMS_PREFIX)

    def totals(self, dataset: Dataset, units: Sequence[str]) -> Mapping[str, Total]:
        """None: a claim is one line, and is read."""
        return {}

    def records(self, dataset: Dataset, units: Sequence[str]) -> Iterator[Found]:
        """Some claims."""
        for key in units:
            try:
                content = self._archive.claim(key)
            except CorruptSegmentError:
                continue  # not there: it is missed
            yield Found(key, key, value_digest(content), None)
