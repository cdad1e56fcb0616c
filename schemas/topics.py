"""Every topic: what is in it, how it is keyed, how long it is kept. The one place that names a retention."""

from __future__ import annotations

from dataclasses import dataclass, field

# Never changed: a session's records stay in one partition, and derived records in the partition of their events.
PARTITIONS = 12

_DAY_MS = 24 * 60 * 60 * 1000
_GIB = 1024**3


@dataclass(frozen=True, kw_only=True)
class Topic:
    """One Kafka topic.

    Attributes:
        name: `sessiontrack.<dataset>.v<major>`.
        schema: File name of its value's schema in `schemas/avro`, without `.avsc`.
        key: What the key is.
        partitioned_by: What decides the partition.
        config: Topic configuration as Kafka names it.
        partitions: How many partitions.
    """

    name: str
    schema: str
    key: str
    partitioned_by: str = "session_id"
    config: dict[str, str] = field(default_factory=dict)
    partitions: int = PARTITIONS

    @property
    def subject(self) -> str:
        """Subject of the value's schema in the registry (TopicNameStrategy)."""
        return f"{self.name}-value"


def _log(*, days: int, gib_per_partition: int) -> dict[str, str]:
    return {
        "cleanup.policy": "delete",
        "retention.ms": str(days * _DAY_MS),
        "retention.bytes": str(gib_per_partition * _GIB),
        "segment.bytes": str(128 * 1024 * 1024),
        # An event is at most 512 KiB encoded (larger ones are claims); room for a generous setting of that bound.
        "max.message.bytes": str(4 * 1024 * 1024),
        "message.timestamp.type": "CreateTime",
    }


def _compacted(*, days: int) -> dict[str, str]:
    return {
        "cleanup.policy": "compact,delete",
        "retention.ms": str(days * _DAY_MS),
        "segment.bytes": str(64 * 1024 * 1024),
        "max.message.bytes": str(4 * 1024 * 1024),
        # A subscriber that is away for a week still sees each tombstone.
        "delete.retention.ms": str(7 * _DAY_MS),
    }


EVENTS = Topic(
    name="sessiontrack.events.v1",
    schema="session-event",
    key="session_id",
    # The archive keeps events for ever; the log keeps what a rebuild of a recent month and a lagging subscriber need.
    config=_log(days=90, gib_per_partition=4),
)
SESSIONS = Topic(name="sessiontrack.sessions.v1", schema="session", key="session_id", config=_compacted(days=90))
MESSAGES = Topic(name="sessiontrack.messages.v1", schema="message", key="message_id", config=_compacted(days=90))
TOOL_CALLS = Topic(
    name="sessiontrack.tool-calls.v1", schema="tool-call", key="tool_call_id", config=_compacted(days=90)
)
CHUNKS = Topic(name="sessiontrack.chunks.v1", schema="chunk", key="chunk_id", config=_compacted(days=90))
SESSION_VECTORS = Topic(
    name="sessiontrack.session-vectors.v1", schema="session-vector", key="space/session_id", config=_compacted(days=90)
)
DEAD_LETTERS = Topic(
    name="sessiontrack.dead-letters.v1",
    schema="dead-letter",
    key="group/record_id",
    partitioned_by="key",
    # Never expire: a dead letter is the only copy of the duty to process its record.
    config={"cleanup.policy": "compact", "max.message.bytes": str(8 * 1024 * 1024)},
)


def state_topic(group: str) -> str:
    """The topic in which stages keep what they remember; Faust names and creates it.

    Args:
        group: Their consumer group.
    """
    return f"{group}-state-changelog"


# What the streams remember of each session, as bytes that are theirs alone. It never expires, since a session may go on
# after any time; it is as bounded as the sessions are. A row is at most some MiB: a tool call with its arguments.
STREAMS_STATE = Topic(
    name=state_topic("sessiontrack.streams"),
    schema="",
    key="session_id/part",
    config={
        "cleanup.policy": "compact",
        "segment.bytes": str(32 * 1024 * 1024),
        "max.message.bytes": str(16 * 1024 * 1024),
        # Recovery reads the whole topic: compacting as soon as a fifth is stale keeps that short.
        "min.cleanable.dirty.ratio": "0.2",
    },
)

# What the streams make of the events.
DERIVED = (SESSIONS, MESSAGES, TOOL_CALLS)
# What the worker `embed` makes of the messages.
EMBEDDED = (CHUNKS, SESSION_VECTORS)
TOPICS = (EVENTS, *DERIVED, *EMBEDDED, DEAD_LETTERS)
BY_NAME = {topic.name: topic for topic in TOPICS}
