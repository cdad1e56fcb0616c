"""OpenSearch with k-NN and neural search: the minimal distribution and two plugins, one node."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

from infra import servers
from infra.stack import versions
from infra.stack.maven import Artifact, fetch
from infra.stack.ports import LOOPBACK
from infra.stack.provision import Report
from infra.stack.server import Command, Server, stranger
from sessiontrack.errors import TransientError, UnavailableError

# neural-search extends k-NN, so it must come second.
PLUGINS = ("opensearch-knn", "neural-search")
# 70 MB of city addresses that nothing here looks up.
UNUSED_MODULE = "ingest-geoip"

LOG4J2 = """\
status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = [%d{ISO8601}][%-5p][%c{1}]%marker %m%n
rootLogger.level = info
rootLogger.appenderRef.console.ref = console
"""


class OpenSearch(Server):
    """The search engine."""

    name = "opensearch"
    version = versions.OPENSEARCH
    ports = ("opensearch", "opensearch-transport")
    start_timeout_s = 240.0

    def install(self, target: Path, report: Report) -> None:
        """Fetches the distribution and the plugins, and assembles them."""
        report("downloading 180 MB")
        distribution = Artifact("org.opensearch.distribution.integ-test-zip", "opensearch", self.version, "zip")
        plugins = [Artifact("org.opensearch.plugin", name, versions.OPENSEARCH_PLUGINS, "zip") for name in PLUGINS]
        download = target / "download"
        fetch(self.tools, [distribution, *plugins], download)
        report("unpacking")
        with zipfile.ZipFile(download / f"opensearch-{self.version}.zip") as archive:
            archive.extractall(target)
        unpacked = target / f"opensearch-{self.version}"
        for path in unpacked.iterdir():
            path.rename(target / path.name)
        unpacked.rmdir()
        shutil.rmtree(target / "modules" / UNUSED_MODULE)
        for script in (target / "bin").iterdir():
            script.chmod(0o755)
        report("installing the plugins")
        self._install_plugins(target, [download / f"{name}-{versions.OPENSEARCH_PLUGINS}.zip" for name in PLUGINS])
        shutil.rmtree(download)

    def configure(self) -> None:
        """Writes settings, JVM options and logging; the distribution's JVM options stay and are overridden."""
        config = self.home / "config"
        for folder in (config, config / "jvm.options.d", self.home / "data", self.home / "logs"):
            self.site.layout.own_dir(folder)
        # YAML contains JSON.
        settings = [f"{key}: {json.dumps(value)}\n" for key, value in self._settings().items()]
        self.write("config/opensearch.yml", "".join(settings))
        self.write("config/log4j2.properties", LOG4J2)
        # Its files of its own would lie in the shared software folder.
        defaults = (self.software / "config" / "jvm.options").read_text("utf-8").splitlines(keepends=True)
        self.write("config/jvm.options", "".join(line for line in defaults if "logs/" not in line))
        self.write("config/jvm.options.d/sessiontrack.options", "\n".join(self._jvm_options()) + "\n")

    def command(self) -> Command:
        """The node; its JVM options name paths relative to its folder."""
        env = {
            "OPENSEARCH_JAVA_HOME": str(self.tools.java_home),
            "OPENSEARCH_PATH_CONF": str(self.home / "config"),
            "OPENSEARCH_TMPDIR": str(self.home / "tmp"),
        }
        return Command([str(self.software / "bin" / "opensearch")], self.environment() | env, self.software)

    def identify(self) -> None:
        """The cluster's name ends with the stack's id."""
        if self._get("/").get("cluster_name") != self._cluster_name:
            raise UnavailableError(stranger(self.name, self.address))

    def prepare(self) -> None:
        """Waits for the indexes that it has: they open one after the other."""
        health = self._get("/_cluster/health?wait_for_status=yellow&timeout=1s")
        if health.get("status") == "red":
            raise TransientError("OpenSearch is still opening its indexes.")

    def connection(self) -> dict[str, Any]:
        """Where the node is."""
        return {"opensearch": {"url": f"http://{self.address}"}}

    @property
    def _cluster_name(self) -> str:
        return f"sessiontrack-{self.site.stack_id}"

    def _settings(self) -> dict[str, object]:
        return {
            **servers.OPENSEARCH,
            "cluster.name": self._cluster_name,
            "network.host": LOOPBACK,
            "http.port": self.port,
            "transport.port": self.site.ports["opensearch-transport"],
            "path.data": str(self.home / "data"),
            "path.logs": str(self.home / "logs"),
        }

    def _jvm_options(self) -> list[str]:
        return [
            *servers.opensearch_jvm_options(self.site.settings.opensearch_heap_mb),
            f"-XX:ErrorFile={self.home / 'logs' / 'hs_err.log'}",
        ]

    def _install_plugins(self, folder: Path, archives: Sequence[Path]) -> None:
        urls = [archive.as_uri() for archive in archives]
        result = subprocess.run(
            [str(folder / "bin" / "opensearch-plugin"), "install", "--batch", *urls],
            env=os.environ | {"OPENSEARCH_JAVA_HOME": str(self.tools.java_home)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        if result.returncode != 0:
            raise UnavailableError(f"OpenSearch's plugins could not be installed: {result.stderr.strip()[-1000:]}")

    def _get(self, path: str) -> dict[str, Any]:
        try:
            response = httpx.get(f"http://{self.address}{path}", timeout=5.0, trust_env=False)
            answer = response.json()
        except (httpx.HTTPError, ValueError) as error:
            raise TransientError(f"No OpenSearch answers at {self.address}: {error}") from error
        return answer if isinstance(answer, dict) else {}
