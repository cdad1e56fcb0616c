"""Reads the archive: nothing but the object store is needed, for a manifest says what a segment holds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from types import TracebackType
from typing import Any, TypeVar

from consumers.archive.blocks import ArchiveRecord
from consumers.archive.container import CorruptSegmentError, read_records, read_schemas
from consumers.archive.layout import PREFIX, Log, SegmentKey, parse_key, partition_prefix
from consumers.archive.manifest import Manifest, decode_manifest
from consumers.archive.objects import ObjectStore
from schemas.codec import CodecError, Decoder
from schemas.records import SessionEvent
from schemas.topics import EVENTS
from sessiontrack.errors import NotFoundError, TransientError, UnavailableError
from sessiontrack.settings import Settings

# Manifests are small: what a reader of many waits for is the way there and back.
_PARALLEL_READS = 8

ReadT = TypeVar("ReadT")


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment as it is found.

    Attributes:
        key: What it should hold.
        has_records: Whether its records are there.
        has_manifest: Whether its manifest is there.
    """

    key: SegmentKey
    has_records: bool
    has_manifest: bool


class Archive:
    """A connection to the archive; use it in a `with` block.

    Args:
        settings: Where the object store is.
        topic: The topic whose records are read.
    """

    def __init__(self, settings: Settings, topic: str = EVENTS.name) -> None:
        self._store = ObjectStore(settings.s3)
        self._topic = topic

    def __enter__(self) -> Archive:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._store.close()

    def segments(self, partition: int | None = None) -> list[Segment]:
        """The segments of all logs of the topic, in the order of each partition.

        Args:
            partition: Only of this partition.

        Raises:
            UnavailableError: The object store does not answer.
        """
        with _available():
            logs = self._logs()
            prefixes = [self._prefix(log, partition) for log in logs]
            return [segment for prefix in prefixes for segment in longest(self._store.keys(prefix))]

    def logs(self) -> set[Log]:
        """All lives of the topic.

        Raises:
            UnavailableError: The object store does not answer.
        """
        with _available():
            return set(self._logs())

    def manifest(self, segment: Segment) -> Manifest:
        """What a segment holds.

        Raises:
            CorruptSegmentError: The manifest is missing, or is none.
            UnavailableError: The object store does not answer.
        """
        with _naming(segment.key.manifest):
            return self._current(segment, self._manifest)

    def proved_manifest(self, segment: Segment) -> Manifest:
        """What a segment holds, once its bytes were found to be those that its manifest states.

        Raises:
            CorruptSegmentError: The manifest or the object is missing, or they do not belong together.
            UnavailableError: The object store does not answer.
        """
        with _naming(segment.key.manifest):
            return self._current(segment, self._proved)

    def sessions(self, segments: Sequence[Segment]) -> Iterator[tuple[Segment, AbstractSet[str]]]:
        """The sessions that each of many segments holds, in their order.

        Raises:
            CorruptSegmentError: A segment is missing or corrupt.
            UnavailableError: The object store does not answer.
        """
        with ThreadPoolExecutor(_PARALLEL_READS) as threads:
            yield from zip(segments, threads.map(self._sessions_of, segments), strict=True)

    def records(self, segment: Segment) -> Iterator[ArchiveRecord]:
        """The records of a segment, checked against its manifest before the first one.

        Raises:
            CorruptSegmentError: The object is missing, or is not what was put there.
            UnavailableError: The object store does not answer.
        """
        with _naming(segment.key.object):
            yield from read_records(self._content(segment))

    def events(self, segment: Segment, session_id: str | None = None) -> Iterator[tuple[ArchiveRecord, SessionEvent]]:
        """The events of a segment, decoded with the schemas that stand in it; what no schema decodes is left out.

        Args:
            segment: Where to read.
            session_id: Only of this session.

        Raises:
            CorruptSegmentError: The object is missing, or is not what was put there.
            UnavailableError: The object store does not answer.
        """
        with _naming(segment.key.object):
            yield from _events(self._content(segment), session_id)

    def claim(self, key: str) -> bytes:
        """A line that is too large for the log.

        Raises:
            CorruptSegmentError: It is missing.
            UnavailableError: The object store does not answer.
        """
        return self._get(key)

    def etags(self, prefix: str) -> dict[str, str]:
        """What the object store calls the content of each object whose key begins with `prefix`, by key.

        Raises:
            UnavailableError: The object store does not answer.
        """
        with _available():
            return self._store.etags(prefix)

    def session_segments(self, session_id: str) -> list[Segment]:
        """The segments that hold events of a session: looked for in the partition of its key, then in all.

        Raises:
            CorruptSegmentError: A segment is missing or corrupt.
            UnavailableError: The object store does not answer.
        """
        own = self.segments(partition_of(session_id))
        found = self._holding(own, session_id)
        return found or self._holding(self.segments(), session_id)

    def session_ids(self, prefix: str) -> set[str]:
        """The sessions whose id begins with `prefix`.

        Raises:
            CorruptSegmentError: A segment is missing or corrupt.
            UnavailableError: The object store does not answer.
        """
        return {
            session_id
            for _, session_ids in self.sessions(self.segments())
            for session_id in session_ids
            if session_id.startswith(prefix)
        }

    def _holding(self, segments: Sequence[Segment], session_id: str) -> list[Segment]:
        return [segment for segment, session_ids in self.sessions(segments) if session_id in session_ids]

    def _sessions_of(self, segment: Segment) -> AbstractSet[str]:
        if segment.has_manifest:
            return self.manifest(segment).sessions.keys()
        return {event["session_id"] for _, event in self.events(segment)}

    def _logs(self) -> list[Log]:
        folders = [log for cluster in self._store.folders(PREFIX) for log in self._store.folders(cluster)]
        names = [folder.removeprefix(PREFIX).strip("/").split("/") for folder in folders]
        return [Log(cluster_id, log_id, self._topic) for cluster_id, log_id in names]

    def _prefix(self, log: Log, partition: int | None) -> str:
        if partition is None:
            return f"{PREFIX}{log.cluster_id}/{log.log_id}/{log.topic}/"
        return partition_prefix(log, partition)

    def _content(self, segment: Segment) -> bytes:
        return self._current(segment, self._checked)

    def _current(self, segment: Segment, read: Callable[[Segment], ReadT]) -> ReadT:
        """Reads a segment, or the longer one that took its place since it was listed."""
        try:
            return read(segment)
        except CorruptSegmentError:
            with _available():
                found = longest(self._store.keys(segment.key.versions))
            if not found or found[0].key.last <= segment.key.last:
                raise
            return self._current(found[0], read)

    def _manifest(self, segment: Segment) -> Manifest:
        return decode_manifest(self._get(segment.key.manifest))

    def _checked(self, segment: Segment) -> bytes:
        content = self._get(segment.key.object)
        # Without a manifest there is nothing to check against: it was not put yet, or it is what is missing.
        if segment.has_manifest:
            _check(content, self._manifest(segment))
        return content

    def _proved(self, segment: Segment) -> Manifest:
        manifest = self._manifest(segment)
        _check(self._get(segment.key.object), manifest)
        return manifest

    def _get(self, key: str) -> bytes:
        with _available():
            try:
                return self._store.get(key)
            except NotFoundError as error:
                raise CorruptSegmentError(str(error)) from error


def longest(keys: Iterable[str]) -> list[Segment]:
    """The segments that count among the keys of a partition: for each first offset the longest that is complete.

    One whose records or manifest are missing counts only where none is complete: a shorter one goes last of all.
    """
    suffixes: dict[SegmentKey, set[str]] = {}
    for key in keys:
        if parsed := parse_key(key):
            suffixes.setdefault(parsed[0], set()).add(key)
    best: dict[tuple[Log, int, int], Segment] = {}
    for found, names in suffixes.items():
        segment = Segment(found, found.object in names, found.manifest in names)
        begin = (found.log, found.partition, found.first)
        if begin not in best or _rank(segment) > _rank(best[begin]):
            best[begin] = segment
    return sorted(best.values(), key=lambda segment: segment.key)


def partition_of(session_id: str) -> int:
    """The partition of a session's events: Kafka's default partitioner.

    Source: https://kafka.apache.org/documentation/#producerconfigs_partitioner.class (murmur2 of the key)
    """
    from aiokafka.partitioner import murmur2

    return int(murmur2(session_id.encode()) & 0x7FFFFFFF) % EVENTS.partitions


def _rank(segment: Segment) -> tuple[bool, int]:
    return segment.has_records and segment.has_manifest, segment.key.last


def _events(content: bytes, session_id: str | None) -> Iterator[tuple[ArchiveRecord, SessionEvent]]:
    schemas = read_schemas(content)

    def writer_schema(schema_id: int) -> Any:
        if schema_id not in schemas:
            raise CodecError(f"schema {schema_id} was not registered when the segment was put")
        return schemas[schema_id]

    decoder = Decoder(EVENTS.schema, writer_schema)
    # A record without a key may be of any session: only its value tells.
    keys = None if session_id is None else (session_id.encode(), b"")
    for record in read_records(content, keys):
        if record["value"] is None:
            continue
        try:
            event: SessionEvent = decoder.decode(record["value"])
        except CodecError:
            continue
        if session_id is None or event["session_id"] == session_id:
            yield record, event


def _check(content: bytes, manifest: Manifest) -> None:
    if sha256(content).hexdigest() != manifest.sha256:
        raise CorruptSegmentError("its bytes are not those that its manifest states")


@contextmanager
def _naming(key: str) -> Iterator[None]:
    try:
        yield
    except CorruptSegmentError as error:
        raise CorruptSegmentError(
            f"{key}: {error}", hint="`sessiontrack verify` names all that is damaged; a copy of the bucket can mend it."
        ) from error


@contextmanager
def _available() -> Iterator[None]:
    try:
        yield
    except TransientError as error:
        raise UnavailableError(str(error), hint="Start the stack with `sessiontrack up`.") from error
