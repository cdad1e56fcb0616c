"""What the servers are told, however they are run: by `sessiontrack up` as processes, or by Compose as containers.

Addresses, folders and passwords are not here: they belong to the way of running. Versions are in
`infra.stack.versions`.
"""

from __future__ import annotations

from collections.abc import Mapping

MIB = 1024 * 1024
# A message: the codec sends what passes 512 KiB to the object store, so this leaves room for odd records and batches.
MESSAGE_MAX_BYTES = 4 * MIB
# The broker's default is 50 for each; a partition costs files and memory, and one node gains nothing from many.
INTERNAL_PARTITIONS = 8

# Serial collection and the first compiler only: a broker or a registry for one machine needs no more, and it halves the
# memory. An exhausted heap ends the process, so that it is not taken for a slow one.
JVM_OPTIONS = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData", "-XX:+ExitOnOutOfMemoryError")

KAFKA: Mapping[str, object] = {
    "process.roles": "broker,controller",
    "node.id": 1,
    "controller.listener.names": "CONTROLLER",
    "auto.create.topics.enable": "false",
    "message.max.bytes": MESSAGE_MAX_BYTES,
    "replica.fetch.max.bytes": MESSAGE_MAX_BYTES,
    # Every topic of ours names its own retention; this bounds the ones that somebody makes by hand.
    "log.retention.hours": 168,
    "log.retention.bytes": 1024 * MIB,
    "default.replication.factor": 1,
    "min.insync.replicas": 1,
    "offsets.topic.num.partitions": INTERNAL_PARTITIONS,
    "offsets.topic.replication.factor": 1,
    "offsets.topic.segment.bytes": 16 * MIB,
    "transaction.state.log.num.partitions": INTERNAL_PARTITIONS,
    "transaction.state.log.replication.factor": 1,
    "transaction.state.log.min.isr": 1,
    "transaction.state.log.segment.bytes": 16 * MIB,
    "share.coordinator.state.topic.num.partitions": INTERNAL_PARTITIONS,
    "share.coordinator.state.topic.replication.factor": 1,
    "share.coordinator.state.topic.min.isr": 1,
    "metadata.log.segment.bytes": 16 * MIB,
    "metadata.max.retention.bytes": 64 * MIB,
    # Reserved on the heap at the start; the default is a quarter of it, and this is good for 700,000 keys.
    "log.cleaner.dedupe.buffer.size": 16 * MIB,
    # Waiting for more members of a group delays the first poll of every single worker by 3 s.
    "group.initial.rebalance.delay.ms": 0,
}

REGISTRY_HEAP_MB = 256
REGISTRY_ENVIRONMENT: Mapping[str, str] = {
    "QUARKUS_HTTP_ACCESS_LOG_ENABLED": "false",
    "QUARKUS_LOG_CATEGORY__ORG_APACHE_KAFKA__LEVEL": "WARN",
    # In memory, its default, the ids of a log's schemas would be gone after a restart, and the log unreadable.
    "APICURIO_STORAGE_KIND": "kafkasql",
    # Starting waits four times as long for records that are not there: 20 s with its default.
    "APICURIO_KAFKASQL_CONSUMER_POLL_TIMEOUT": "250",
    "APICURIO_KAFKASQL_SNAPSHOT_SCHEDULED_ENABLED": "false",
}

POSTGRES_SUPERUSER = "postgres"
POSTGRES_ROLE = "sessiontrack"
POSTGRES_DATABASE = "sessiontrack"
POSTGRES_EXTENSIONS = ("vector", "pg_trgm")
# No locale of the machine: the order of text must not change with it.
POSTGRES_INITDB = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
POSTGRES: Mapping[str, object] = {
    "shared_buffers": "128MB",
    "max_wal_size": "512MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # What people wrote is in statements and in the details of errors: it must not get into the log.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}

OPENSEARCH: Mapping[str, object] = {
    "node.name": "sessiontrack",
    "discovery.type": "single-node",
    # A write to a name that does not exist is a mistake, and would get a mapping that was guessed.
    "action.auto_create_index": False,
    # The defaults are shares of the disk: on a large disk that is nearly full they refuse with 100 GB to spare.
    "cluster.routing.allocation.disk.watermark.low": "3gb",
    "cluster.routing.allocation.disk.watermark.high": "2gb",
    "cluster.routing.allocation.disk.watermark.flood_stage": "1gb",
}

S3_ACCESS_KEY = "sessiontrack"
S3_ENCRYPTION_KEY_NAME = "sessiontrack"
MINIO_ENVIRONMENT: Mapping[str, str] = {
    "MINIO_ROOT_USER": S3_ACCESS_KEY,
    "MINIO_BROWSER": "off",
    "MINIO_UPDATE": "off",
}


def opensearch_jvm_options(heap_mb: int) -> list[str]:
    """What OpenSearch's Java machine is told, beside the distribution's own options.

    Args:
        heap_mb: Its heap, MiB.
    """
    return [
        f"-Xms{heap_mb // 2}m",
        f"-Xmx{heap_mb}m",
        # One machine with a small heap: less memory than G1, and pauses of milliseconds.
        "-XX:-UseG1GC",
        "-XX:+UseSerialGC",
        "-XX:-AlwaysPreTouch",
        "-XX:-UsePerfData",
        "-XX:-HeapDumpOnOutOfMemoryError",
    ]
