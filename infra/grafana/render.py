"""The files of the dashboards."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infra.grafana.pages import DASHBOARDS, Dashboard
from infra.grafana.panels import DATA_SOURCE_VARIABLE, laid_out

FOLDER = Path(__file__).with_name("dashboards")
_TAG = "sessiontrack"
# Of Grafana's model of dashboards; an older one is brought up to date when it is read.
_SCHEMA_VERSION = 39


def files() -> Mapping[Path, str]:
    """Each dashboard's file, and what it is to hold."""
    return {
        FOLDER / f"{each.name}.json": json.dumps(dashboard(each), indent=2, ensure_ascii=False) + "\n"
        for each in DASHBOARDS
    }


def dashboard(described: Dashboard) -> dict[str, Any]:
    """A dashboard as Grafana reads it."""
    others = {"type": "dashboards", "title": "SessionTrack", "tags": [_TAG], "asDropdown": False, "keepTime": True}
    return {
        "uid": f"sessiontrack-{described.name}",
        "title": described.title,
        "description": described.description,
        "tags": [_TAG],
        "timezone": "browser",
        "schemaVersion": _SCHEMA_VERSION,
        "editable": False,
        "graphTooltip": 1,
        "time": {"from": "now-6h", "to": "now"},
        "refresh": "30s",
        "links": [others],
        "templating": {"list": [DATA_SOURCE_VARIABLE]},
        "annotations": {"list": []},
        "panels": laid_out(described.panels),
    }
