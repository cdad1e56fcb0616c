"""The configuration of Prometheus, for the native stack and for Compose."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from sessiontrack.telemetry.targets import TARGETS_FOLDER

JOB = "sessiontrack"
RULES = Path(__file__).with_name("rules")
# The alerts judge minutes: four values in each are enough.
_INTERVAL = "15s"


def prometheus_config(rules: str, discovery: Mapping[str, Any]) -> str:
    """`prometheus.yml`.

    Args:
        rules: Where the rules are, as a pattern; relative to the file itself.
        discovery: How the workers are found, as keys of a scrape configuration.
    """
    # Every worker says itself which it is, in most of its metrics; that is the name of its target as well.
    scrape = {"job_name": JOB, "honor_labels": True, **discovery}
    config = {
        "global": {"scrape_interval": _INTERVAL, "evaluation_interval": _INTERVAL},
        "rule_files": [rules],
        "scrape_configs": [scrape],
    }
    return yaml.safe_dump(config, sort_keys=False, width=120)


def native_config() -> str:
    """The same for the native stack: each worker has left its address in a file beside it."""
    return prometheus_config(str(RULES / "*.yml"), {"file_sd_configs": [{"files": ["*.json"]}]})


def native_path(data_dir: Path) -> Path:
    """Where the native stack has its configuration of Prometheus."""
    return data_dir / TARGETS_FOLDER / "prometheus.yml"


def write_native_config(data_dir: Path) -> None:
    """Writes the configuration of Prometheus beside the addresses of the workers."""
    path = native_path(data_dir)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.write_text(native_config(), encoding="utf-8")
