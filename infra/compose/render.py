"""The text of the files that Compose reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from infra import servers
from infra.compose.servers import POSTGRES_SETUP, PROMETHEUS_CONFIG, all_servers
from infra.compose.workers import all_workers, discovery
from infra.prometheus.config import prometheus_config

ROOT = Path(__file__).parents[2]

HEADER = """\
# Made by `python -m infra.compose` from what the native stack is made from; edit infra/servers.py and infra/compose/.
#
#   sh infra/compose/env.sh                          makes .env with random passwords
#   docker compose up --wait                         the servers, the workers, the dashboard at http://127.0.0.1:8765
#   docker compose --profile capture up --wait       and captures ~/.clawdbot (SESSIONTRACK_TRANSCRIPTS)
#   docker compose --profile dashboards up --wait    and OpenSearch Dashboards at http://127.0.0.1:5601
#   docker compose --profile metrics up --wait       and Grafana at http://127.0.0.1:3000, Prometheus at :9090
#   docker compose run --rm demo                     captures generated transcripts, searches, verifies
#
# Ports are published on this machine's loopback address only.
"""


def files() -> dict[str, str]:
    """Every generated file, by its path from the project's root."""
    return {
        "docker-compose.yml": compose_file(),
        POSTGRES_SETUP: postgres_setup(),
        PROMETHEUS_CONFIG: prometheus_file(),
    }


def compose_file() -> str:
    """`docker-compose.yml`."""
    services = dict(**all_servers(), **all_workers())
    named = [
        mount.partition(":")[0] for each in services.values() for mount in each.get("volumes", []) if _named(mount)
    ]
    project = {"name": "sessiontrack", "services": services, "volumes": {name: {} for name in dict.fromkeys(named)}}
    return HEADER + _yaml(project)


def postgres_setup() -> str:
    """What psql runs when the cluster is new; the password comes from the environment."""
    role, database = servers.POSTGRES_ROLE, servers.POSTGRES_DATABASE
    extensions = "".join(f"CREATE EXTENSION {name};\n" for name in servers.POSTGRES_EXTENSIONS)
    return (
        "-- Made by `python -m infra.compose`.\n"
        "\\getenv password SESSIONTRACK_POSTGRES__PASSWORD\n"
        f"CREATE ROLE {role} LOGIN PASSWORD :'password';\n"
        f"CREATE DATABASE {database} OWNER {role};\n"
        f"\\connect {database}\n"
        f"{extensions}"
    )


def prometheus_file() -> str:
    """Whom Prometheus asks, and where its rules are."""
    return "# Made by `python -m infra.compose`.\n" + _yaml(prometheus_config("rules/*.yml", discovery()))


def _yaml(content: Any) -> str:
    return yaml.dump(content, Dumper=_Dumper, sort_keys=False, width=120, allow_unicode=True)


def _named(mount: Any) -> bool:
    return isinstance(mount, str) and not mount.startswith(".")


class _Dumper(yaml.SafeDumper):
    """Writes what is said twice twice: an alias sends the reader back to the first."""

    def ignore_aliases(self, data: Any) -> bool:
        """True for everything."""
        return True
