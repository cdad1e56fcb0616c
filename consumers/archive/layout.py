"""Where things stand in the archive.

`archive/<cluster id>/<log id>/<topic>/<partition>/<first>-<last>.avro`, and beside it the manifest. The log id is the
one that Kafka minted with the topic: a new Kafka, or a topic made anew, starts at offset 0 and overwrites nothing.
"""

from __future__ import annotations

import re
from typing import NamedTuple

PREFIX = "archive/"
SEGMENT_SUFFIX = ".avro"
MANIFEST_SUFFIX = ".manifest.json.zst"
_KEY = re.compile(
    r"archive/(?P<cluster>[^/]+)/(?P<log>[^/]+)/(?P<topic>[^/]+)/(?P<partition>\d+)/(?P<first>\d+)-(?P<last>\d+)"
    r"(?P<suffix>\.avro|\.manifest\.json\.zst)"
)


class Log(NamedTuple):
    """One life of a topic.

    Attributes:
        cluster_id: Of the Kafka cluster.
        log_id: Kafka's topic id, as Kafka writes it: 22 characters of URL-safe base64.
        topic: Name of the topic.
    """

    cluster_id: str
    log_id: str
    topic: str


class SegmentKey(NamedTuple):
    """What a segment holds, and so how it is named.

    Attributes:
        log: The log.
        partition: Its partition.
        first: Offset of the first record.
        last: Offset of the last record.
    """

    log: Log
    partition: int
    first: int
    last: int

    @property
    def object(self) -> str:
        """Key of the records."""
        return f"{self._stem}{SEGMENT_SUFFIX}"

    @property
    def manifest(self) -> str:
        """Key of the manifest."""
        return f"{self._stem}{MANIFEST_SUFFIX}"

    @property
    def versions(self) -> str:
        """Prefix of the keys of all segments that begin here: the longest counts."""
        return f"{partition_prefix(self.log, self.partition)}{self.first:020d}-"

    @property
    def _stem(self) -> str:
        return f"{self.versions}{self.last:020d}"


def partition_prefix(log: Log, partition: int) -> str:
    """Prefix of the keys of a partition's segments."""
    # Five digits: Kafka's largest clusters; twenty: an int64, as in the names of Kafka's own log files.
    return f"{PREFIX}{log.cluster_id}/{log.log_id}/{log.topic}/{partition:05d}/"


def parse_key(key: str) -> tuple[SegmentKey, str] | None:
    """The segment and the suffix that a key names; None for a key that is not of the archive."""
    match = _KEY.fullmatch(key)
    if match is None:
        return None
    log = Log(match["cluster"], match["log"], match["topic"])
    return SegmentKey(log, int(match["partition"]), int(match["first"]), int(match["last"])), match["suffix"]
