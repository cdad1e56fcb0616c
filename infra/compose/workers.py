"""SessionTrack itself as Compose services: what makes everything, the workers, the API with the dashboard, the demo."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infra.compose.servers import (
    HOST,
    KAFKA_ADDRESS,
    OPENSEARCH_URL,
    REGISTRY_URL,
    S3_ADDRESS,
    Service,
    bounds,
    built,
    health,
    published,
    secret,
)
from infra.workers import WORKERS
from sessiontrack import __version__
from sessiontrack.settings import ApiSettings, TracesSettings

TELEMETRY_PORT = 9464
API = "api"
API_PORT = ApiSettings().port
DATA_DIR = "/var/lib/sessiontrack"
STORES = ("kafka", "registry", "postgres", "opensearch", "minio")
# Of each worker, several times what it took in the throughput benchmark.
MEMORY = {
    "streams": "1g",
    "archive": "768m",
    "postgres": "768m",
    "opensearch": "768m",
    "capture": "512m",
    "embed": "1g",
    "opensearch-vectors": "768m",
    "postgres-vectors": "768m",
    # It takes 0.4 GB with the model that makes vectors of questions; verify and rebuild run beside it.
    API: "1536m",
}
# These keep something: the streams and embed their tables and vectors, the capture its checkpoints and its spool, the
# API its spool and what was verified.
STATEFUL = ("streams", "capture", "embed", API)
# Longer than a worker takes to finish what it has in hand.
STOP_GRACE = "20s"


def all_workers() -> dict[str, Service]:
    """Every service of ours, by its name."""
    workers = {service_of(name): worker(name) for name in WORKERS}
    return {"init": init(), **workers, API: api(), service_of("capture"): capture(), "demo": demo()}


def service_of(name: str) -> str:
    """The service of a worker; `postgres` and `opensearch` are the servers."""
    return f"{name}-worker"


def discovery() -> dict[str, Any]:
    """How Prometheus finds what must be there, by its names, and the capture, where it is started."""
    hosts = {name: service_of(name) for name in WORKERS} | {API: API}
    always = [{"targets": [f"{host}:{TELEMETRY_PORT}"], "labels": {"worker": name}} for name, host in hosts.items()]
    capture = service_of("capture")
    return {
        "static_configs": always,
        "dns_sd_configs": [{"names": [capture], "type": "A", "port": TELEMETRY_PORT}],
        "relabel_configs": [
            {
                "source_labels": ["__meta_dns_name"],
                "regex": capture,
                "target_label": "worker",
                "replacement": "capture",
            }
        ],
    }


def init() -> Service:
    """Makes topics, subjects, bucket, tables and templates, and ends."""
    return {
        **ours("init", "--wait", "120"),
        "depends_on": {name: {"condition": "service_healthy"} for name in STORES},
        "healthcheck": {"disable": True},
        "restart": "no",
        **bounds("512m"),
    }


def worker(name: str) -> Service:
    """One worker."""
    return _running(name, "run", name)


def api() -> Service:
    """The HTTP API and the web dashboard.

    To the container the host is another machine, so that it has to listen where others could ask, and wants a token.
    """
    service = _running(API, "serve")
    access = {"SESSIONTRACK_API__HOST": "0.0.0.0", "SESSIONTRACK_API__TOKEN": secret("API__TOKEN")}  # noqa: S104
    return {
        **service,
        "environment": service["environment"] | access,
        "ports": [published("API", API_PORT)],
        "healthcheck": _ready(f"http://127.0.0.1:{API_PORT}/v1/health/ready"),
    }


def _running(name: str, *command: str) -> Service:
    """A process that is always there; it waits for servers that go away later."""
    return {
        **ours(*command),
        "depends_on": {"init": {"condition": "service_completed_successfully"}},
        **({"volumes": [f"{name}:{DATA_DIR}"]} if name in STATEFUL else {}),
        "expose": [str(TELEMETRY_PORT)],
        "healthcheck": _ready(f"http://127.0.0.1:{TELEMETRY_PORT}/health/ready"),
        "restart": "unless-stopped",
        **bounds(MEMORY[name]),
    }


def capture() -> Service:
    """Captures a state folder of the host, which it can't change."""
    service = worker("capture")
    transcripts = {
        "type": "bind",
        "source": "${SESSIONTRACK_TRANSCRIPTS:-${HOME}/.clawdbot}",
        "target": "/transcripts",
        "read_only": True,
        # A folder that is missing is a mistake; Docker would make it, as root.
        "bind": {"create_host_path": False},
    }
    return {
        **service,
        "profiles": ["capture"],
        "environment": service["environment"] | {"SESSIONTRACK_CAPTURE__ROOTS": '["/transcripts"]'},
        "volumes": [*service["volumes"], transcripts],
    }


def demo() -> Service:
    """Captures generated transcripts, searches and verifies, and ends."""
    return {
        **ours(),
        "image": f"sessiontrack/demo:{__version__}",
        **_built("demo"),
        "profiles": ["demo"],
        "depends_on": {service_of(name): {"condition": "service_healthy"} for name in WORKERS},
        "tmpfs": ["/tmp", f"{DATA_DIR}:mode=1777"],  # noqa: S108  # of the container
        "healthcheck": {"disable": True},
        "restart": "no",
        **bounds("1g"),
    }


def ours(*command: str) -> Service:
    """What all services of ours have in common."""
    return {
        "image": f"sessiontrack/sessiontrack:{__version__}",
        **_built("sessiontrack"),
        **({"command": list(command)} if command else {}),
        "environment": _environment(),
        # A collector of traces may run there.
        **HOST,
        "read_only": True,
        "tmpfs": ["/tmp"],  # noqa: S108  # of the container
        "cap_drop": ["ALL"],
        # Passes signals on while Python is still starting.
        "init": True,
        "stop_grace_period": STOP_GRACE,
    }


def _ready(url: str) -> Mapping[str, Any]:
    return health("CMD", "python", "-c", f"import urllib.request as r; r.urlopen('{url}', timeout=4)")


def _built(target: str) -> Service:
    # The user in the image is the one of the host, so that the capture may read transcripts that only their owner may.
    return built(target, UID="${SESSIONTRACK_UID:-1000}", GID="${SESSIONTRACK_GID:-1000}")


def _environment() -> dict[str, str]:
    return {
        "SESSIONTRACK_KAFKA__BOOTSTRAP_SERVERS": KAFKA_ADDRESS,
        "SESSIONTRACK_REGISTRY__URL": REGISTRY_URL,
        "SESSIONTRACK_POSTGRES__HOST": "postgres",
        "SESSIONTRACK_POSTGRES__PASSWORD": secret("POSTGRES__PASSWORD"),
        "SESSIONTRACK_OPENSEARCH__URL": OPENSEARCH_URL,
        "SESSIONTRACK_S3__ENDPOINT": S3_ADDRESS,
        "SESSIONTRACK_S3__SECRET_KEY": secret("S3__SECRET_KEY"),
        "SESSIONTRACK_TRACES__ENDPOINT": "${SESSIONTRACK_TRACES__ENDPOINT:-}",
        "SESSIONTRACK_TRACES__RATIO": f"${{SESSIONTRACK_TRACES__RATIO:-{TracesSettings().ratio}}}",
        # OpenTelemetry's own: what the collector wants, such as a key.
        "OTEL_EXPORTER_OTLP_HEADERS": "${OTEL_EXPORTER_OTLP_HEADERS:-}",
    }
