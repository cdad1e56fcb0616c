"""Apache Kafka: one KRaft node, broker and controller in one process."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from infra import servers
from infra.stack import versions
from infra.stack.maven import Artifact, fetch
from infra.stack.ports import LOOPBACK, is_open
from infra.stack.provision import Report
from infra.stack.server import Command, Server, stranger
from sessiontrack.errors import TransientError, UnavailableError

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


class Listener(NamedTuple):
    """A way in for clients.

    Attributes:
        address: Where the broker listens, host:port.
        advertised: What it tells clients to connect to.
    """

    address: str
    advertised: str


class Kafka(Server):
    """The log."""

    name = "kafka"
    version = versions.KAFKA
    ports: ClassVar[tuple[str, ...]] = ("kafka", "kafka-controller")

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

    @property
    def listeners(self) -> Mapping[str, Listener]:
        """Where clients connect, by the listener's name."""
        return {"PLAINTEXT": Listener(self.address, self.address)}

    def _properties(self) -> dict[str, object]:
        controller = f"{LOOPBACK}:{self.site.ports['kafka-controller']}"
        bound = {name: listener.address for name, listener in self.listeners.items()} | {"CONTROLLER": controller}
        return {
            **servers.KAFKA,
            "controller.quorum.voters": f"1@{controller}",
            "listeners": ",".join(f"{name}://{address}" for name, address in bound.items()),
            "advertised.listeners": ",".join(f"{name}://{each.advertised}" for name, each in self.listeners.items()),
            "listener.security.protocol.map": ",".join(f"{name}:PLAINTEXT" for name in bound),
            "log.dirs": self.home / "data",
        }


async def cluster_id(bootstrap_servers: str) -> str:
    """The id of the cluster at an address.

    Raises:
        TransientError: No broker answers there.
    """
    from aiokafka.admin import AIOKafkaAdminClient
    from aiokafka.errors import KafkaError

    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers, request_timeout_ms=5_000)
    try:
        await admin.start()
        return str((await admin.describe_cluster())["cluster_id"])
    except (KafkaError, OSError) as error:
        raise TransientError(f"No Kafka broker answers at {bootstrap_servers}: {error}") from error
    finally:
        await admin.close()
