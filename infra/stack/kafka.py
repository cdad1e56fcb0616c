"""Apache Kafka: one KRaft node, broker and controller in one process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.stack import versions
from infra.stack.maven import Artifact, fetch
from infra.stack.ports import LOOPBACK, is_open
from infra.stack.provision import Report
from infra.stack.server import Command, Server, stranger
from sessiontrack.errors import TransientError, UnavailableError

if TYPE_CHECKING:
    from aiokafka.admin import AIOKafkaAdminClient

MIB = 1024 * 1024
# A message: the codec sends what passes 512 KiB to the object store, so this leaves room for odd records and batches.
MESSAGE_MAX_BYTES = 4 * MIB
# The broker's default is 50 for each; a partition costs files and memory, and one node gains nothing from many.
INTERNAL_PARTITIONS = 8

LOG4J2 = """\
<Configuration status="warn">
  <Appenders>
    <Console name="console"><PatternLayout pattern="%d{ISO8601} %p %m (%c{1})%n"/></Console>
  </Appenders>
  <Loggers>
    <Root level="info"><AppenderRef ref="console"/></Root>
    <Logger name="org.apache.kafka.clients" level="warn"/>
    <Logger name="state.change.logger" level="warn"/>
  </Loggers>
</Configuration>
"""


class Kafka(Server):
    """The log."""

    name = "kafka"
    version = versions.KAFKA
    ports = ("kafka", "kafka-controller")

    def install(self, target: Path, report: Report) -> None:
        """Fetches the broker with its dependencies."""
        report("downloading 44 MB")
        broker = Artifact("org.apache.kafka", f"kafka_{versions.KAFKA_SCALA}", versions.KAFKA)
        logging = Artifact("org.apache.logging.log4j", "log4j-slf4j-impl", versions.LOG4J_BINDING)
        fetch(self.tools, [broker, logging], target / "libs", dependencies=True)

    def configure(self) -> None:
        """Writes the properties and formats the log folder."""
        properties = "".join(f"{key}={value}\n" for key, value in self._properties().items())
        path = self.write("server.properties", properties)
        self.write("log4j2.xml", LOG4J2)
        if not (self.home / "data" / "meta.properties").exists():
            options = ["-t", self.site.stack_id, "-c", str(path)]
            self.run(*self.java(*self._classes()), "kafka.tools.StorageTool", "format", *options)

    def command(self) -> Command:
        """The broker."""
        heap = f"-Xmx{self.site.settings.kafka_heap_mb}m"
        argv = [*self.java(heap, *self._classes()), "kafka.Kafka", str(self.home / "server.properties")]
        return Command(argv, self.environment(), self.home)

    def identify(self) -> None:
        """The cluster's id is the stack's."""
        # Asked first, because the client logs every failed attempt as an error.
        if not is_open(self.port):
            raise TransientError(f"Nothing answers at {self.address}.")
        if asyncio.run(cluster_id(self.address)) != self.site.stack_id:
            raise UnavailableError(stranger(self.name, self.address))

    def connection(self) -> dict[str, Any]:
        """Where the broker is."""
        return {"kafka": {"bootstrap_servers": self.address}}

    def _classes(self) -> list[str]:
        return [f"-Dlog4j2.configurationFile={self.home / 'log4j2.xml'}", "-cp", str(self.software / "libs" / "*")]

    def _properties(self) -> dict[str, object]:
        controller = f"{LOOPBACK}:{self.site.ports['kafka-controller']}"
        return {
            "process.roles": "broker,controller",
            "node.id": 1,
            "controller.quorum.voters": f"1@{controller}",
            "controller.listener.names": "CONTROLLER",
            "listeners": f"PLAINTEXT://{self.address},CONTROLLER://{controller}",
            "advertised.listeners": f"PLAINTEXT://{self.address}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "log.dirs": self.home / "data",
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


async def cluster_id(bootstrap_servers: str) -> str:
    """The id of the cluster at an address.

    Raises:
        TransientError: No broker answers there.
    """
    async with _admin(bootstrap_servers) as admin:
        return str((await admin.describe_cluster())["cluster_id"])


async def set_retention(bootstrap_servers: str, topic: str, retention_ms: int) -> None:
    """Bounds a topic in time; its other settings become the broker's.

    Raises:
        TransientError: No broker answers there.
    """
    from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

    async with _admin(bootstrap_servers) as admin:
        await admin.alter_configs(
            [ConfigResource(ConfigResourceType.TOPIC, topic, {"retention.ms": str(retention_ms)})]
        )


@asynccontextmanager
async def _admin(bootstrap_servers: str) -> AsyncIterator[AIOKafkaAdminClient]:
    from aiokafka.admin import AIOKafkaAdminClient
    from aiokafka.errors import KafkaError

    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers, request_timeout_ms=5_000)
    try:
        await admin.start()
        yield admin
    except (KafkaError, OSError) as error:
        raise TransientError(f"No Kafka broker answers at {bootstrap_servers}: {error}") from error
    finally:
        await admin.close()
