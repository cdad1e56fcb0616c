"""What stands in a segment, so that a session is found, and the archive compared, without reading the records.

JSON, zstandard, equal bytes for equal records. A manifest is put only after its segment is durable.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from typing import Any

from zstandard import ZstdCompressor, ZstdDecompressor, ZstdError

from consumers.archive.container import CorruptSegmentError
from consumers.archive.layout import SegmentKey

_VERSION = 1
_DIGEST_BYTES = 16


@dataclass(frozen=True, slots=True)
class SessionEntry:
    """What a segment holds of one session. The digests are sums: the same for any order and any split into parts.

    Attributes:
        records: How many records, repeats included.
        records_digest: Sum over all records of the first 16 bytes of the SHA-256 of the value (of nothing, for a
            tombstone) as numbers, modulo 2^128, hex.
        events: How many distinct event ids.
        events_digest: Sum over the distinct event ids, as 128-bit numbers, modulo 2^128, hex.
    """

    records: int
    records_digest: str
    events: int
    events_digest: str


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


@dataclass(slots=True)
class _Session:
    records: int = 0
    records_sum: int = 0
    event_ids: set[int] = field(default_factory=set)

    def entry(self) -> SessionEntry:
        return SessionEntry(self.records, _hex(self.records_sum), len(self.event_ids), _hex(sum(self.event_ids)))


class ManifestBuilder:
    """Collects what a manifest says while records come in."""

    def __init__(self) -> None:
        self._sessions: dict[str, _Session] = {}
        self._unidentified: list[int] = []

    def add(self, offset: int, identity: tuple[str, str] | None, digest: int) -> None:
        """Adds a record.

        Args:
            offset: Its offset.
            identity: Its session id and event id; None where it has none.
            digest: See `value_digest`.
        """
        if identity is None:
            self._unidentified.append(offset)
            return
        session_id, event_id = identity
        session = self._sessions.setdefault(session_id, _Session())
        session.records += 1
        session.records_sum += digest
        session.event_ids.add(int(event_id.replace("-", ""), 16))

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
            records=sum(session.records for session in self._sessions.values()) + len(self._unidentified),
            sessions={session_id: session.entry() for session_id, session in self._sessions.items()},
            unidentified=tuple(self._unidentified),
        )


def value_digest(value: bytes | None) -> int:
    """The first 16 bytes of the SHA-256 of a value (of nothing, for a tombstone), as a number."""
    return int.from_bytes(sha256(value or b"").digest()[:_DIGEST_BYTES])


def _hex(total: int) -> str:
    return (total % (1 << 8 * _DIGEST_BYTES)).to_bytes(_DIGEST_BYTES).hex()


def encode_manifest(manifest: Manifest) -> bytes:
    """The manifest's object."""
    document = {
        "version": _VERSION,
        "object": manifest.object,
        "bytes": manifest.bytes,
        "sha256": manifest.sha256,
        "records": manifest.records,
        "unidentified": manifest.unidentified,
        "sessions": {session_id: asdict(entry) for session_id, entry in manifest.sessions.items()},
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
            sessions={session_id: SessionEntry(**entry) for session_id, entry in document["sessions"].items()},
            unidentified=tuple(document["unidentified"]),
        )
    except (ZstdError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CorruptSegmentError(f"a manifest does not decode: {type(error).__name__}") from error
