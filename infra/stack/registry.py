"""Apicurio Registry: the schema registry (Confluent API), its schemas in a topic of our Kafka."""

from __future__ import annotations

import tarfile
from pathlib import Path
from typing import Any

import httpx

from infra import servers
from infra.registry import prepare_registry
from infra.stack import versions
from infra.stack.maven import Artifact, fetch
from infra.stack.ports import LOOPBACK
from infra.stack.provision import Report
from infra.stack.server import Command, Server, stranger
from sessiontrack.errors import TransientError, UnavailableError


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
        argv = self.java(f"-Xmx{servers.REGISTRY_HEAP_MB}m", "-jar", str(self.software / "quarkus-run.jar"))
        env = {
            **servers.REGISTRY_ENVIRONMENT,
            "QUARKUS_HTTP_HOST": LOOPBACK,
            "QUARKUS_HTTP_PORT": str(self.port),
            # Listens on 0.0.0.0:9000 unless told otherwise.
            "QUARKUS_MANAGEMENT_HOST": LOOPBACK,
            "QUARKUS_MANAGEMENT_PORT": str(self.site.ports["registry-management"]),
            "APICURIO_KAFKASQL_BOOTSTRAP_SERVERS": f"{LOOPBACK}:{self.site.ports['kafka']}",
            "APICURIO_APP_DESCRIPTION": self.site.stack_id,
        }
        return Command(argv, self.environment() | env, self.home)

    def identify(self) -> None:
        """Its description is the stack's id."""
        info = self._get("/apis/registry/v3/system/info")
        if info.get("description") != self.site.stack_id:
            raise UnavailableError(stranger(self.name, self.address))

    def prepare(self) -> None:
        """Refuses incompatible schemas from now on."""
        prepare_registry(self._url, f"{LOOPBACK}:{self.site.ports['kafka']}")

    def connection(self) -> dict[str, Any]:
        """Where the Confluent API is."""
        return {"registry": {"url": self._url}}

    @property
    def _url(self) -> str:
        return f"http://{self.address}/apis/ccompat/v7"

    def _get(self, path: str) -> dict[str, Any]:
        try:
            response = httpx.get(f"http://{self.address}{path}", timeout=5.0, trust_env=False)
            response.raise_for_status()
            answer = response.json()
        except (httpx.HTTPError, ValueError) as error:
            raise TransientError(f"No schema registry answers at {self.address}: {error}") from error
        return answer if isinstance(answer, dict) else {}
