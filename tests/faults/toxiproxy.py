"""Toxiproxy as a server of the stack: every connection of a worker goes through it, and can be cut, slowed or reset.

Source: https://github.com/Shopify/toxiproxy (the HTTP API is in its README).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import httpx

from infra.stack import versions
from infra.stack.golang import build
from infra.stack.kafka import Kafka, Listener
from infra.stack.ports import LOOPBACK
from infra.stack.provision import Report
from infra.stack.server import Command, Server, stranger
from sessiontrack.errors import TransientError, UnavailableError

# What stands behind each proxy: the port of the stack by its name.
UPSTREAMS = {
    "kafka": "kafka-proxied",
    "registry": "registry",
    "postgres": "postgres",
    "opensearch": "opensearch",
    "minio": "s3",
}


class ProxiedKafka(Kafka):
    """A broker with a second listener, for clients that come through the proxy: they connect to what it advertises."""

    ports: ClassVar[tuple[str, ...]] = (*Kafka.ports, "kafka-proxied")

    @property
    def listeners(self) -> dict[str, Listener]:
        """The direct way in, and the one through the proxy."""
        ports = self.site.ports
        proxied = Listener(f"{LOOPBACK}:{ports['kafka-proxied']}", f"{LOOPBACK}:{ports[listening('kafka')]}")
        return {**super().listeners, "PROXIED": proxied}


class Toxiproxy(Server):
    """The proxy before the servers."""

    name = "toxiproxy"
    version = versions.TOXIPROXY
    ports: ClassVar[tuple[str, ...]] = ("toxiproxy", *(f"{name}-proxy" for name in UPSTREAMS))

    def install(self, target: Path, report: Report) -> None:
        """Builds it."""
        if not self.tools.go:
            raise UnavailableError("Toxiproxy is built with Go, and there is none.", hint="Install Go.")
        build(self.tools.go, f"github.com/Shopify/toxiproxy/v2/cmd/server@{self.version}", target, report)

    def configure(self) -> None:
        """Has no files: `prepare` makes the proxies."""

    def command(self) -> Command:
        """The proxy."""
        argv = [str(self.software / "server"), "-host", LOOPBACK, "-port", str(self.port)]
        return Command(argv, self.environment() | {"LOG_LEVEL": "warn"}, self.home)

    def identify(self) -> None:
        """It has our proxies, or none yet."""
        try:
            proxies = httpx.get(f"http://{self.address}/proxies", timeout=5.0, trust_env=False).json()
        except (httpx.HTTPError, ValueError) as error:
            raise TransientError(f"No Toxiproxy answers at {self.address}: {error}") from error
        if not set(proxies) <= set(UPSTREAMS):
            raise UnavailableError(stranger(self.name, self.address))

    def prepare(self) -> None:
        """Makes the proxies."""
        ports = self.site.ports
        proxies = [
            {
                "name": name,
                "listen": f"{LOOPBACK}:{ports[listening(name)]}",
                "upstream": f"{LOOPBACK}:{ports[upstream]}",
                "enabled": True,
            }
            for name, upstream in UPSTREAMS.items()
        ]
        httpx.post(f"http://{self.address}/populate", json=proxies, trust_env=False).raise_for_status()

    def connection(self) -> dict[str, Any]:
        """None: who is to come through the proxy is told so."""
        return {}


class Network:
    """What is between the workers and the servers.

    Args:
        address: host:port of Toxiproxy's API.
    """

    def __init__(self, address: str) -> None:
        self._client = httpx.Client(base_url=f"http://{address}", trust_env=False, timeout=30.0)

    @contextmanager
    def cut(self, server: str) -> Iterator[None]:
        """Connections end, and new ones are refused."""
        self._post(f"/proxies/{server}", {"enabled": False})
        try:
            yield
        finally:
            self._post(f"/proxies/{server}", {"enabled": True})

    @contextmanager
    def toxic(self, server: str, kind: str, **attributes: int) -> Iterator[None]:
        """What a server answers comes with a toxic.

        Args:
            server: Which server.
            kind: A toxic of Toxiproxy: `latency`, `reset_peer`, `timeout`, …
            attributes: Of the toxic.
        """
        name = f"{kind}-{server}"
        toxic = {"name": name, "type": kind, "stream": "downstream", "attributes": attributes}
        self._post(f"/proxies/{server}/toxics", toxic)
        try:
            yield
        finally:
            self._client.delete(f"/proxies/{server}/toxics/{name}").raise_for_status()

    def close(self) -> None:
        """Disconnects."""
        self._client.close()

    def _post(self, path: str, body: dict[str, Any]) -> None:
        self._client.post(path, json=body).raise_for_status()


def listening(server: str) -> str:
    """Name of the port at which the proxy listens for a server."""
    return f"{server}-proxy"
