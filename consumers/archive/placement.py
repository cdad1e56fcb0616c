"""How a segment comes into the object store, so that at each moment all that was ever durable is there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from consumers.archive.layout import SegmentKey, parse_key
from consumers.archive.manifest import encode_manifest
from consumers.archive.segments import Segment


class Objects(Protocol):
    """What is needed of an object store."""

    def keys(self, prefix: str) -> Sequence[str]:
        """Keys that begin with `prefix`."""

    def put(self, key: str, content: bytes) -> None:
        """Puts an object; it is durable on return."""

    def delete(self, key: str) -> None:
        """Deletes an object."""


def put_segment(
    store: Objects, key: SegmentKey, segment: Segment, schemas: Mapping[int, Any], *, again: bool = False
) -> None:
    """Puts the records, then the manifest, and then deletes the shorter ones that begin at the same offset.

    What was put before a restart is not put again: equal input gives equal bytes.

    Args:
        store: Where.
        key: The segment's key.
        segment: The segment, as it is now.
        schemas: The schemas of `segment.schema_ids`.
        again: Put it also where it is: a repair.

    Raises:
        TransientError: The store does not take it.
    """
    present = [(found[0], name) for name in store.keys(key.versions) if (found := parse_key(name))]
    names = {name for _, name in present}
    if again or not any(other.last >= key.last and {other.object, other.manifest} <= names for other, _ in present):
        content, manifest = segment.contents(key, schemas)
        store.put(key.object, content)
        store.put(key.manifest, encode_manifest(manifest))
    # A manifest before its records, as their names sort: it stands only where they do. A longer one is another's.
    for name in sorted((name for other, name in present if other.last < key.last), reverse=True):
        store.delete(name)
