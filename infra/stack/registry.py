"""Apicurio Registry: the schema registry (Confluent API), its schemas in a topic of our Kafka."""

from __future__ import annotations

import asyncio
import tarfile
from pathlib import Path
from typing import Any

import httpx

from infra.stack import versions
from infra.stack.kafka import set_retention
from infra.stack.maven import Artifact, fetch
from infra.stack.ports import LOOPBACK
from infra.stack.provision import Report
from infra.stack.server import Command, Server, stranger
from sessiontrack.errors import TransientError, UnavailableError

COMPATIBILITY = "FULL_TRANSITIVE"
HEAP_MB = 256
# Tells of every change of a schema; nobody reads it, and it is made with unlimited retention. The journal's has to be
# unlimited: it holds the schemas, and grows only with them.
EVENTS_TOPIC = "registry-events"
EVENTS_RETENTION_MS = 7 * 24 * 3600 * 1000


class Registry(Server):
    """The schema registry."""

    name = "registry"
    version = versions.APICURIO
    ports = ("registry", "registry-management")
    needs = ("kafka",)

    def install(self, target: Path, report: Report) -> None:
        """Fetches and unpacks the application."""
        report("downloading 159 MB")
        fetch(
            self.tools,
            [Artifact("io.apicurio", "apicurio-registry-app", self.version, "tar.gz", "all")],
            target / "download",
        )
        report("unpacking")
        (archive,) = (target / "download").iterdir()
        with tarfile.open(archive) as tar:
            tar.extractall(target, filter="data")
        archive.unlink()
        archive.parent.rmdir()

    def configure(self) -> None:
        """Has no files: its settings are in its environment."""

    def command(self) -> Command:
        """The application."""
        argv = self.java(f"-Xmx{HEAP_MB}m", "-jar", str(self.software / "quarkus-run.jar"))
        env = {
            "QUARKUS_HTTP_HOST": LOOPBACK,
            "QUARKUS_HTTP_PORT": str(self.port),
            # Listens on 0.0.0.0:9000 unless told otherwise.
            "QUARKUS_MANAGEMENT_HOST": LOOPBACK,
            "QUARKUS_MANAGEMENT_PORT": str(self.site.ports["registry-management"]),
            "QUARKUS_HTTP_ACCESS_LOG_ENABLED": "false",
            "QUARKUS_LOG_CATEGORY__ORG_APACHE_KAFKA__LEVEL": "WARN",
            # In memory, its default, the ids of a log's schemas would be gone after a restart, and the log unreadable.
            "APICURIO_STORAGE_KIND": "kafkasql",
            "APICURIO_KAFKASQL_BOOTSTRAP_SERVERS": f"{LOOPBACK}:{self.site.ports['kafka']}",
            # Starting waits four times as long for records that are not there: 20 s with its default.
            "APICURIO_KAFKASQL_CONSUMER_POLL_TIMEOUT": "250",
            "APICURIO_KAFKASQL_SNAPSHOT_SCHEDULED_ENABLED": "false",
            "APICURIO_APP_DESCRIPTION": self.site.stack_id,
        }
        return Command(argv, self.environment() | env, self.home)

    def identify(self) -> None:
        """Its description is the stack's id."""
        info = self._call("GET", "/apis/registry/v3/system/info")
        if info.get("description") != self.site.stack_id:
            raise UnavailableError(stranger(self.name, self.address))

    def prepare(self) -> None:
        """Refuses incompatible schemas from now on, for it accepts everything by default, and bounds its news."""
        self._call("PUT", "/apis/ccompat/v7/config", {"compatibility": COMPATIBILITY})
        asyncio.run(set_retention(f"{LOOPBACK}:{self.site.ports['kafka']}", EVENTS_TOPIC, EVENTS_RETENTION_MS))

    def connection(self) -> dict[str, Any]:
        """Where the Confluent API is."""
        return {"registry": {"url": f"http://{self.address}/apis/ccompat/v7"}}

    def _call(self, method: str, path: str, body: dict[str, str] | None = None) -> dict[str, Any]:
        try:
            response = httpx.request(method, f"http://{self.address}{path}", json=body, timeout=5.0, trust_env=False)
            response.raise_for_status()
            answer = response.json()
        except (httpx.HTTPError, ValueError) as error:
            raise TransientError(f"No schema registry answers at {self.address}: {error}") from error
        return answer if isinstance(answer, dict) else {}
