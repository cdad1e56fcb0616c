"""Grafana's files, as far as they can be held to something without Grafana."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from infra.compose.render import compose_file
from infra.grafana.panels import COLUMNS
from infra.grafana.render import FOLDER, files

PROVISIONING = FOLDER.with_name("provisioning")
# Of https://github.com/grafana/grafana/blob/main/packages/grafana-data/src/valueFormats/categories.ts
UNITS = ["none", "short", "percentunit", "bytes", "s", "cps", "reqps"]

_STRING = {"type": "string", "minLength": 1}
_DATA_SOURCE = {
    "type": "object",
    "required": ["type", "uid"],
    "properties": {"type": {"const": "prometheus"}, "uid": {"const": "${datasource}"}},
    "additionalProperties": False,
}
_SIZE = {"type": "integer", "minimum": 1, "maximum": COLUMNS}
_PLACE = {"type": "integer", "minimum": 0}
_PANEL = {
    "type": "object",
    "required": ["id", "type", "title", "description", "datasource", "gridPos", "fieldConfig", "options", "targets"],
    "properties": {
        "id": {"type": "integer", "minimum": 1},
        "type": {"enum": ["timeseries", "stat"]},
        "title": _STRING,
        "description": _STRING,
        "datasource": _DATA_SOURCE,
        "gridPos": {
            "type": "object",
            "required": ["x", "y", "w", "h"],
            "properties": {"x": _PLACE, "y": _PLACE, "w": _SIZE, "h": _SIZE},
            "additionalProperties": False,
        },
        "fieldConfig": {
            "type": "object",
            "required": ["defaults", "overrides"],
            "properties": {
                "defaults": {
                    "type": "object",
                    "required": ["unit"],
                    "properties": {
                        "unit": {"enum": UNITS},
                        "min": {"type": "number"},
                        "custom": {"type": "object"},
                        "thresholds": {
                            "type": "object",
                            "properties": {
                                "mode": {"const": "absolute"},
                                # The first begins below all values.
                                "steps": {
                                    "type": "array",
                                    "prefixItems": [{"properties": {"value": {"type": "null"}}}],
                                    "items": {"properties": {"value": {"type": "number"}, "color": _STRING}},
                                },
                            },
                            "required": ["mode", "steps"],
                        },
                    },
                    "additionalProperties": False,
                },
                "overrides": {"type": "array"},
            },
        },
        "options": {"type": "object"},
        "targets": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["refId", "datasource", "expr"],
                "properties": {"refId": {"pattern": "^[A-Z]$"}, "expr": _STRING, "datasource": _DATA_SOURCE},
            },
        },
    },
    "additionalProperties": False,
}
_DASHBOARD = {
    "type": "object",
    "required": ["uid", "title", "schemaVersion", "panels", "time", "templating", "annotations"],
    "properties": {
        "id": False,
        "uid": {"pattern": "^[a-z-]{8,40}$"},
        "title": _STRING,
        "schemaVersion": {"type": "integer", "minimum": 36},
        "editable": {"const": False},
        "panels": {"type": "array", "minItems": 1, "items": _PANEL},
    },
}


def dashboards() -> list[dict[str, Any]]:
    return [json.loads(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.json"))]


def test_the_generated_dashboards_are_up_to_date() -> None:
    assert {path: path.read_text("utf-8") for path in FOLDER.iterdir()} == dict(files()), "run `make format`"


@pytest.mark.parametrize("dashboard", dashboards(), ids=lambda dashboard: dashboard["uid"])
def test_a_dashboard_has_the_shape_that_grafana_reads(dashboard: dict[str, Any]) -> None:
    jsonschema.validate(dashboard, _DASHBOARD, jsonschema.Draft202012Validator)
    panels = dashboard["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    for panel in panels:
        names = [target["refId"] for target in panel["targets"]]
        assert len(set(names)) == len(names)


@pytest.mark.parametrize("dashboard", dashboards(), ids=lambda dashboard: dashboard["uid"])
def test_panels_lie_in_the_grid_and_beside_each_other(dashboard: dict[str, Any]) -> None:
    places = [panel["gridPos"] for panel in dashboard["panels"]]
    assert all(place["x"] + place["w"] <= COLUMNS for place in places)
    for one, other in combinations(places, 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or below


def test_dashboards_are_told_apart_and_ask_whatever_prometheus_a_grafana_has() -> None:
    assert len({each["uid"] for each in dashboards()}) == len({each["title"] for each in dashboards()}) == 3
    [source] = yaml.safe_load((PROVISIONING / "datasources" / "prometheus.yml").read_text("utf-8"))["datasources"]
    for each in dashboards():
        [variable] = each["templating"]["list"]
        assert (variable["type"], variable["name"]) == ("datasource", "datasource")
        assert variable["query"] == source["type"]


def test_the_container_finds_prometheus_and_the_dashboards() -> None:
    services = yaml.safe_load(compose_file())["services"]
    [source] = yaml.safe_load((PROVISIONING / "datasources" / "prometheus.yml").read_text("utf-8"))["datasources"]
    assert source["url"] == "http://prometheus:9090"
    assert "prometheus" in services
    [provider] = yaml.safe_load((PROVISIONING / "dashboards" / "sessiontrack.yml").read_text("utf-8"))["providers"]
    mounts = dict(mount.split(":")[:2] for mount in services["grafana"]["volumes"])
    root = Path(__file__).parents[3]
    assert {(root / source).resolve(): target for source, target in mounts.items()} == {
        PROVISIONING: "/etc/grafana/provisioning",
        FOLDER: provider["options"]["path"],
    }
