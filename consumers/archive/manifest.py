"""What stands in a segment, so that a session is found without reading the records, and without a database.

JSON, zstandard, equal bytes for equal records. A manifest is put only after its segment is durable.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from zstandard import ZstdCompressor, ZstdDecompressor, ZstdError

from consumers.archive.container import CorruptSegmentError
from consumers.archive.layout import SegmentKey

_VERSION = 1
_DIGEST_BITS = 128


@dataclass(frozen=True, slots=True)
class SessionEntry:
    """What a segment holds of one session.

    Attributes:
        records: How many, repeats included.
        event_ids: Their ids, each once, in the order of the log.
    """

    records: int
    event_ids: Sequence[str]

    @property
    def digest(self) -> str:
        """Digest of the distinct event ids: see `digest_of`."""
        return digest_of(self.event_ids)


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a segment holds.

    Attributes:
        object: Key of the segment.
        bytes: Its size.
        sha256: SHA-256 of its bytes, hex.
        records: How many records.
        sessions: By session id.
        unidentified: Offsets of records that state no session or event, and do not decode either.
    """

    object: str
    bytes: int
    sha256: str
    records: int
    sessions: Mapping[str, SessionEntry]
    unidentified: Sequence[int]


class ManifestBuilder:
    """Collects what a manifest says while records come in."""

    def __init__(self) -> None:
        self._records: dict[str, int] = {}
        # A dictionary as an ordered set.
        self._event_ids: dict[str, dict[str, None]] = {}
        self._unidentified: list[int] = []

    def add(self, offset: int, identity: tuple[str, str] | None) -> None:
        """Adds a record.

        Args:
            offset: Its offset.
            identity: Its session id and event id; None where it has none.
        """
        if identity is None:
            self._unidentified.append(offset)
            return
        session_id, event_id = identity
        self._records[session_id] = self._records.get(session_id, 0) + 1
        self._event_ids.setdefault(session_id, {})[event_id] = None

    def manifest(self, key: SegmentKey, content: bytes) -> Manifest:
        """The manifest of the records so far.

        Args:
            key: The segment.
            content: Its file.
        """
        return Manifest(
            object=key.object,
            bytes=len(content),
            sha256=sha256(content).hexdigest(),
            records=sum(self._records.values()) + len(self._unidentified),
            sessions={
                session_id: SessionEntry(records, tuple(self._event_ids[session_id]))
                for session_id, records in self._records.items()
            },
            unidentified=tuple(self._unidentified),
        )


def digest_of(event_ids: Iterable[str]) -> str:
    """Sum of distinct ids as 128-bit numbers, modulo 2^128, hex: the same for any order and any split into parts."""
    total = sum(int(event_id.replace("-", ""), 16) for event_id in event_ids) % (1 << _DIGEST_BITS)
    return f"{total:0{_DIGEST_BITS // 4}x}"


def encode_manifest(manifest: Manifest) -> bytes:
    """The manifest's object."""
    document = {
        "version": _VERSION,
        "object": manifest.object,
        "bytes": manifest.bytes,
        "sha256": manifest.sha256,
        "records": manifest.records,
        "unidentified": manifest.unidentified,
        "sessions": {
            session_id: {"records": entry.records, "digest": entry.digest, "event_ids": entry.event_ids}
            for session_id, entry in manifest.sessions.items()
        },
    }
    return ZstdCompressor().compress(json.dumps(document, sort_keys=True, separators=(",", ":")).encode())


def decode_manifest(content: bytes) -> Manifest:
    """The manifest in an object.

    Raises:
        CorruptSegmentError: It is not one.
    """
    try:
        document: dict[str, Any] = json.loads(ZstdDecompressor().decompress(content))
        return Manifest(
            object=document["object"],
            bytes=document["bytes"],
            sha256=document["sha256"],
            records=document["records"],
            sessions={
                session_id: SessionEntry(entry["records"], tuple(entry["event_ids"]))
                for session_id, entry in document["sessions"].items()
            },
            unidentified=tuple(document["unidentified"]),
        )
    except (ZstdError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CorruptSegmentError(f"a manifest does not decode: {type(error).__name__}") from error
