"""Serves a worker's metrics and health over HTTP.

In threads of its own: it answers while the worker's event loop is busy, so that a probe tells a long batch from a
worker that is stuck.
"""

from __future__ import annotations

import json
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any

import structlog
from prometheus_client.exposition import choose_encoder

from sessiontrack.errors import UnavailableError
from sessiontrack.settings import TelemetrySettings
from sessiontrack.telemetry.health import Health
from sessiontrack.telemetry.health_metrics import HealthMetrics
from sessiontrack.telemetry.metrics import WorkerMetrics
from sessiontrack.telemetry.process import register_process_metrics

logger = structlog.get_logger(__name__)

# A client that connects and says nothing gives its thread back after this time.
_SILENT_CLIENT_S = 5.0


@contextmanager
def serve_telemetry(settings: TelemetrySettings, metrics: WorkerMetrics, health: Health) -> Iterator[str]:
    """Serves `/metrics`, `/health/live` and `/health/ready` while the context lasts; yields host:port.

    Args:
        settings: Where to listen.
        metrics: What the worker counts; its process's own metrics are added, and its health.
        health: What the worker says of itself.

    Raises:
        UnavailableError: Another program listens there.
    """
    register_process_metrics(metrics.registry, metrics.worker)
    metrics.registry.register(HealthMetrics(metrics.worker, health))
    try:
        server = _Server(settings.host, settings.port, metrics, health)
    except OSError as error:
        raise UnavailableError(
            f"metrics can't be served at {settings.host}:{settings.port}: {error.strerror}",
            hint="Set telemetry.port to a free port, or to 0 for any.",
        ) from error
    thread = threading.Thread(target=server.serve_forever, name="telemetry", daemon=True)
    thread.start()
    try:
        yield server.address
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, host: str, port: int, metrics: WorkerMetrics, health: Health) -> None:
        self.metrics = metrics
        self.health = health
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), _Handler)

    @property
    def address(self) -> str:
        """Host and port, as in a URL."""
        host, port = self.server_address[:2]
        return f"[{host!s}]:{port}" if ":" in str(host) else f"{host!s}:{port}"

    def server_bind(self) -> None:
        """Binds without asking for the name of the address, which takes seconds where no name server answers."""
        TCPServer.server_bind(self)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Logs what nobody expects; a client that went away is no news."""
        if not isinstance(sys.exception(), OSError):
            logger.exception("telemetry_failed", worker=self.metrics.worker)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = _SILENT_CLIENT_S

    def do_GET(self) -> None:
        """Answers a probe or a scrape."""
        health = self.server.health
        match self.path.partition("?")[0]:
            case "/metrics":
                encode, content_type = choose_encoder(self.headers.get("Accept", ""))
                self._answer(HTTPStatus.OK, content_type, encode(self.server.metrics.registry))
            case "/health/live":
                self._tell(health.is_alive, "alive" if health.is_alive else "stuck")
            case "/health/ready":
                status = health.status
                self._tell(status == "ready", status)
            case _:
                self._answer(HTTPStatus.NOT_FOUND, "text/plain", b"/metrics, /health/live, /health/ready\n")

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002  # the base class's name
        """Nothing: probes come every few seconds."""

    def _tell(self, well: bool, status: str) -> None:
        health = self.server.health
        body: dict[str, str | float] = {"worker": self.server.metrics.worker, "status": status}
        if health.waiting_for:
            body["waits_for"] = health.waiting_for
        if age := health.oldest_age_s():
            body["oldest_unprocessed_s"] = round(age, 1)
        code = HTTPStatus.OK if well else HTTPStatus.SERVICE_UNAVAILABLE
        self._answer(code, "application/json", json.dumps(body).encode() + b"\n")

    def _answer(self, code: HTTPStatus, content_type: str, body: bytes) -> None:
        self.send_response(code)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
