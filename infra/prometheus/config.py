"""The configuration of Prometheus, for the native stack and for Compose."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sessiontrack.telemetry.targets import TARGETS_FOLDER

JOB = "sessiontrack"
# Beside the configuration: people put files here that say whom to tell. Not among the workers' files, which are asked.
ALERTMANAGERS_FOLDER = "alertmanagers"
RULES = Path(__file__).with_name("rules")
# The alerts judge minutes: four values in each are enough.
_INTERVAL = "15s"


def prometheus_config(rules: str, discovery: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration. Alertmanagers are named in files of their own: it is written anew with each start.

    Args:
        rules: Where the rules are, as a pattern; relative to the file that has the configuration.
        discovery: How the workers are found, as keys of a scrape configuration.
    """
    # Every worker says itself which it is, in most of its metrics; that is the name of its target as well.
    scrape = {"job_name": JOB, "honor_labels": True, **discovery}
    return {
        "global": {"scrape_interval": _INTERVAL, "evaluation_interval": _INTERVAL},
        "rule_files": [rules],
        "alerting": {"alertmanagers": [{"file_sd_configs": [{"files": [f"{ALERTMANAGERS_FOLDER}/*.json"]}]}]},
        "scrape_configs": [scrape],
    }


def write_native_config(data_dir: Path) -> Path:
    """Writes the configuration for the native stack beside the files in which each worker there names its address.

    Returns:
        The file.
    """
    path = data_dir / TARGETS_FOLDER / "prometheus.yml"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Prometheus watches no folder that comes later.
    path.with_name(ALERTMANAGERS_FOLDER).mkdir(mode=0o700, exist_ok=True)
    config = prometheus_config(str(RULES / "*.yml"), {"file_sd_configs": [{"files": [str(path.with_name("*.json"))]}]})
    # JSON is YAML, and no library of YAML is needed.
    path.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    return path
