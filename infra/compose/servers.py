"""The servers as Compose services."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infra import servers
from infra.opensearch.dashboards.render import saved_objects
from infra.prometheus.config import ALERTMANAGERS_FOLDER
from infra.stack import versions
from sessiontrack.settings import StackSettings

Service = dict[str, Any]

# Where the services find each other; a port that people use as well is published under the number that they know.
KAFKA_ADDRESS = "kafka:19092"
REGISTRY_URL = "http://registry:8080/apis/ccompat/v7"
OPENSEARCH_URL = "http://opensearch:9200"
S3_ADDRESS = "minio:9000"

SAVED_OBJECTS = "infra/opensearch/dashboards/sessiontrack.ndjson"
POSTGRES_SETUP = "infra/compose/postgres.sql"
DASHBOARDS_START = "infra/compose/dashboards.sh"
PROMETHEUS_CONFIG = "infra/compose/prometheus.yml"
ALERTMANAGERS = "infra/compose/alertmanagers"
# Who runs here and not in a container: Docker for Linux wants the name to be given, that for desktops has it.
HOST = {"extra_hosts": ["host.docker.internal:host-gateway"]}
_HEAPS = StackSettings()


def all_servers() -> dict[str, Service]:
    """Every server, by its name."""
    return {
        "kafka": kafka(),
        "registry": registry(),
        "postgres": postgres(),
        "opensearch": opensearch(),
        "minio": minio(),
        "dashboards": dashboards(),
        "prometheus": prometheus(),
        "grafana": grafana(),
    }


def kafka() -> Service:
    """The log: one listener for the other services, one for the host."""
    properties = {
        **servers.KAFKA,
        "controller.quorum.voters": "1@127.0.0.1:9093",
        "listeners": "INTERNAL://0.0.0.0:19092,EXTERNAL://0.0.0.0:9092,CONTROLLER://127.0.0.1:9093",
        "advertised.listeners": f"INTERNAL://{KAFKA_ADDRESS},EXTERNAL://127.0.0.1:{port('KAFKA', 9092)}",
        "listener.security.protocol.map": "INTERNAL:PLAINTEXT,EXTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": "INTERNAL",
        "log.dirs": "/var/lib/kafka/data",
    }
    environment = {
        "CLUSTER_ID": secret("KAFKA_CLUSTER_ID"),
        "KAFKA_HEAP_OPTS": f"-Xmx{_HEAPS.kafka_heap_mb}m",
        "KAFKA_JVM_PERFORMANCE_OPTS": " ".join(servers.JVM_OPTIONS),
        # The image's rule: https://github.com/apache/kafka/blob/trunk/docker/examples/README.md
        **{f"KAFKA_{key.upper().replace('.', '_')}": str(value) for key, value in properties.items()},
    }
    return server(
        image=f"apache/kafka:{versions.KAFKA}",
        environment=environment,
        ports=[published("KAFKA", 9092)],
        volumes=["kafka:/var/lib/kafka/data"],
        healthcheck=health("CMD", "nc", "-z", "127.0.0.1", "19092"),
        memory="1g",
    )


def registry() -> Service:
    """The schema registry; its image has no HTTP client, but bash can speak to its management port."""
    probe = (
        "exec 3<>/dev/tcp/127.0.0.1/9000 && printf 'GET /health/ready HTTP/1.0\\r\\n\\r\\n' >&3"
        " && read -r status <&3 && [[ $$status == *' 200 '* ]]"
    )
    return server(
        image=f"quay.io/apicurio/apicurio-registry:{versions.APICURIO}",
        environment={
            **servers.REGISTRY_ENVIRONMENT,
            "APICURIO_KAFKASQL_BOOTSTRAP_SERVERS": KAFKA_ADDRESS,
            # Read by the Java machine itself; the image chooses the collector.
            "JAVA_TOOL_OPTIONS": f"-Xmx{servers.REGISTRY_HEAP_MB}m -XX:TieredStopAtLevel=1 -XX:+ExitOnOutOfMemoryError",
        },
        depends_on={"kafka": {"condition": "service_healthy"}},
        ports=[published("REGISTRY", 8081, 8080)],
        healthcheck=health("CMD", "bash", "-c", probe),
        memory="640m",
    )


def postgres() -> Service:
    """The relational store; the first start makes role, database and extensions."""
    # While it makes its cluster the image listens on a socket only: on TCP the answer is the final server's.
    probe = ["pg_isready", "-h", "127.0.0.1", "-U", servers.POSTGRES_ROLE, "-d", servers.POSTGRES_DATABASE]
    return server(
        image=f"pgvector/pgvector:{versions.PGVECTOR}-pg{versions.POSTGRES_MAJOR}-trixie",
        command=["postgres", *(f"-c{key}={value}" for key, value in servers.POSTGRES.items())],
        environment={
            "POSTGRES_USER": servers.POSTGRES_SUPERUSER,
            "POSTGRES_PASSWORD": secret("POSTGRES_SUPERUSER_PASSWORD"),
            "POSTGRES_INITDB_ARGS": " ".join(servers.POSTGRES_INITDB),
            "SESSIONTRACK_POSTGRES__PASSWORD": secret("POSTGRES__PASSWORD"),
        },
        ports=[published("POSTGRES", 5432)],
        volumes=[
            # Since 18 the image keeps its data in a folder of the major version below this one.
            "postgres:/var/lib/postgresql",
            f"./{POSTGRES_SETUP}:/docker-entrypoint-initdb.d/sessiontrack.sql:ro",
        ],
        shm_size="256m",
        healthcheck=health("CMD", *probe),
        memory="1g",
    )


def opensearch() -> Service:
    """The search engine, without the security plugin: it listens on the loopback address only."""
    settings = {**servers.OPENSEARCH, "cluster.name": "sessiontrack"}
    return server(
        image=f"opensearchproject/opensearch:{versions.OPENSEARCH}",
        environment={
            # The image takes variables with dots as settings.
            **{key: str(value).lower() if isinstance(value, bool) else str(value) for key, value in settings.items()},
            "OPENSEARCH_JAVA_OPTS": " ".join(servers.opensearch_jvm_options(_HEAPS.opensearch_heap_mb)),
            "DISABLE_SECURITY_PLUGIN": "true",
            "DISABLE_INSTALL_DEMO_CONFIG": "true",
            "DISABLE_PERFORMANCE_ANALYZER_AGENT_CLI": "true",
        },
        ports=[published("OPENSEARCH", 9200)],
        volumes=["opensearch:/usr/share/opensearch/data"],
        ulimits={"nofile": {"soft": 65536, "hard": 65536}},
        healthcheck=health(
            "CMD", "curl", "-fsS", "http://127.0.0.1:9200/_cluster/health?wait_for_status=yellow&timeout=2s"
        ),
        memory="2g",
    )


def minio() -> Service:
    """The object store, built from source: upstream publishes no images any more."""
    return server(
        image=f"sessiontrack/minio:{versions.MINIO}",
        **built("minio", MINIO_VERSION=versions.MINIO),
        command=["server", "--address", ":9000", "/data"],
        environment={
            **servers.MINIO_ENVIRONMENT,
            "MINIO_ROOT_PASSWORD": secret("S3__SECRET_KEY"),
            "MINIO_KMS_SECRET_KEY": f"{servers.S3_ENCRYPTION_KEY_NAME}:{secret('S3_ENCRYPTION_KEY')}",
        },
        ports=[published("S3", 9000)],
        volumes=["minio:/data"],
        healthcheck=health("CMD", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1:9000/minio/health/ready"),
        memory="512m",
    )


def dashboards() -> Service:
    """OpenSearch Dashboards, with our dashboards: it is healthy when the last of them is there."""
    [*_, last] = saved_objects()
    return server(
        image=f"opensearchproject/opensearch-dashboards:{versions.OPENSEARCH}",
        profiles=["dashboards"],
        entrypoint=["sh", "/sessiontrack/start.sh"],
        environment={
            "OPENSEARCH_HOSTS": f'["{OPENSEARCH_URL}"]',
            "DISABLE_SECURITY_DASHBOARDS_PLUGIN": "true",
        },
        depends_on={"opensearch": {"condition": "service_healthy"}},
        ports=[published("DASHBOARDS", 5601)],
        volumes=[
            f"./{DASHBOARDS_START}:/sessiontrack/start.sh:ro",
            f"./{SAVED_OBJECTS}:/sessiontrack/sessiontrack.ndjson:ro",
        ],
        healthcheck=health(
            "CMD",
            "curl",
            "-fsS",
            "-o",
            "/dev/null",
            f"http://127.0.0.1:5601/api/saved_objects/{last['type']}/{last['id']}",
        ),
        memory="1g",
    )


def prometheus() -> Service:
    """Asks the workers for their metrics, and judges them."""
    return server(
        image=f"prom/prometheus:{versions.PROMETHEUS}",
        profiles=["metrics"],
        **HOST,
        command=[
            "--config.file=/etc/prometheus/prometheus.yml",
            "--storage.tsdb.path=/prometheus",
            "--storage.tsdb.retention.time=90d",
            "--storage.tsdb.retention.size=2GB",
        ],
        ports=[published("PROMETHEUS", 9090)],
        volumes=[
            f"./{PROMETHEUS_CONFIG}:/etc/prometheus/prometheus.yml:ro",
            f"./{ALERTMANAGERS}:/etc/prometheus/{ALERTMANAGERS_FOLDER}:ro",
            "./infra/prometheus/rules:/etc/prometheus/rules:ro",
            "prometheus:/prometheus",
        ],
        healthcheck=health("CMD", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1:9090/-/ready"),
        memory="512m",
    )


def grafana() -> Service:
    """Shows what Prometheus has: dashboards from files, which nobody changes, so nobody logs in."""
    return server(
        image=f"grafana/grafana:{versions.GRAFANA}",
        profiles=["metrics"],
        environment={
            "GF_AUTH_ANONYMOUS_ENABLED": "true",
            "GF_AUTH_ANONYMOUS_ORG_ROLE": "Viewer",
            "GF_AUTH_DISABLE_LOGIN_FORM": "true",
            # Its first administrator would have a password that everybody knows.
            "GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION": "true",
            "GF_ANALYTICS_REPORTING_ENABLED": "false",
            "GF_ANALYTICS_CHECK_FOR_UPDATES": "false",
            "GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES": "false",
            "GF_NEWS_NEWS_FEED_ENABLED": "false",
            "GF_PLUGINS_PREINSTALL_DISABLED": "true",
        },
        depends_on={"prometheus": {"condition": "service_healthy"}},
        ports=[published("GRAFANA", 3000)],
        volumes=[
            "./infra/grafana/provisioning:/etc/grafana/provisioning:ro",
            "./infra/grafana/dashboards:/etc/grafana/dashboards:ro",
        ],
        healthcheck=health("CMD", "wget", "-q", "-O", "/dev/null", "http://127.0.0.1:3000/api/health"),
        memory="512m",
    )


def server(*, memory: str, **keys: Any) -> Service:
    """A service that is always there and never takes more than its share."""
    return {**keys, **bounds(memory), "restart": "unless-stopped"}


def bounds(memory: str) -> Service:
    """What no service may exceed: memory, processes, logs."""
    return {
        "mem_limit": memory,
        "pids_limit": 2048,
        "logging": {"driver": "json-file", "options": {"max-size": "8m", "max-file": "3"}},
        "security_opt": ["no-new-privileges:true"],
    }


def built(target: str, **arguments: str) -> Service:
    """An image of our Dockerfile; never pulled, for whoever publishes one of its name is a stranger."""
    return {"build": {"context": ".", "target": target, "args": arguments}, "pull_policy": "build"}


def health(*test: str) -> Mapping[str, Any]:
    """A health check; asked often at first, so that what depends on it starts soon."""
    return {
        "test": list(test),
        "interval": "10s",
        "timeout": "5s",
        "retries": 6,
        # The slowest server on a machine that starts them all at once.
        "start_period": "180s",
        "start_interval": "2s",
    }


def published(name: str, host: int, container: int | None = None) -> str:
    """A port that this machine, and nobody else, can reach."""
    return f"127.0.0.1:{port(name, host)}:{container or host}"


def port(name: str, default: int) -> str:
    """A port of the host that can be changed."""
    return f"${{SESSIONTRACK_{name}_PORT:-{default}}}"


def secret(name: str) -> str:
    """A value that has no default."""
    return f"${{SESSIONTRACK_{name}:?run sh infra/compose/env.sh, which makes .env}}"
