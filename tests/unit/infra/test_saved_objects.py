"""What OpenSearch Dashboards imports, as far as it can be held to something without Dashboards."""

from __future__ import annotations

import json
import shutil
import subprocess
from itertools import combinations
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from infra.compose.render import compose_file
from infra.compose.servers import DASHBOARDS_START
from infra.opensearch.dashboards.pages import VIEWS
from infra.opensearch.dashboards.render import COLUMNS, FILE, saved_objects_file
from infra.opensearch.setup import DATASETS, MODEL_CALLS, index_template
from sessiontrack.settings import OpenSearchSettings
from tests.dql import query_of
from tests.saved_objects import SavedObject, aggregations_of, saved_objects, source_of, view_of

ROOT = Path(__file__).parents[3]
OBJECTS = saved_objects()
# The last migration that OpenSearch Dashboards has of each type: it refuses an object that is newer.
MIGRATED = {"index-pattern": "7.6.0", "search": "7.9.3", "visualization": "7.10.0", "dashboard": "7.9.3"}
# Which aggregations have which place, by the type of the visualisation.
PLACES = {
    "metric": {"metric"},
    "histogram": {"metric", "segment", "group"},
    "pie": {"metric", "segment"},
    "table": {"metric", "bucket"},
}

_STRING = {"type": "string", "minLength": 1}
_JSON = {"type": "string", "contentMediaType": "application/json", "pattern": r"^[\[{]"}
_META = {
    "type": "object",
    "required": ["searchSourceJSON"],
    "properties": {"searchSourceJSON": _JSON},
    "additionalProperties": False,
}
_COMMON: dict[str, Any] = {
    "title": _STRING,
    "description": {"type": "string"},
    "version": {"const": 1},
    "kibanaSavedObjectMeta": _META,
}
# Of each type, its attributes; Dashboards' own mappings refuse others.
ATTRIBUTES: dict[str, dict[str, Any]] = {
    "index-pattern": {"title": _STRING, "timeFieldName": _STRING},
    "search": {
        **_COMMON,
        "hits": {"type": "integer"},
        "columns": {"type": "array", "items": _STRING, "minItems": 1},
        "sort": {
            "type": "array",
            "items": {"prefixItems": [_STRING, {"enum": ["asc", "desc"]}], "minItems": 2, "maxItems": 2},
        },
    },
    "visualization": {**_COMMON, "visState": _JSON, "uiStateJSON": _JSON},
    "dashboard": {
        **_COMMON,
        "hits": {"type": "integer"},
        "panelsJSON": _JSON,
        "optionsJSON": _JSON,
        "timeRestore": {"const": True},
        "timeFrom": _STRING,
        "timeTo": _STRING,
        "refreshInterval": {
            "type": "object",
            "properties": {"pause": {"type": "boolean"}, "value": {"type": "integer"}},
            "additionalProperties": False,
        },
    },
}


def shape(kind: str) -> dict[str, Any]:
    """JSON Schema of a saved object."""
    reference = {"type": "object", "properties": {"name": _STRING, "type": {"enum": list(MIGRATED)}, "id": _STRING}}
    attributes = {"type": "object", "properties": ATTRIBUTES[kind], "required": list(ATTRIBUTES[kind])}
    return {
        "type": "object",
        "properties": {
            "type": {"const": kind},
            "id": {"type": "string", "pattern": "^[a-z0-9-]+$"},
            "attributes": {**attributes, "additionalProperties": False},
            "references": {
                "type": "array",
                "items": {**reference, "required": ["name", "type", "id"], "additionalProperties": False},
            },
            "migrationVersion": {"const": {kind: MIGRATED[kind]}},
        },
        "required": ["type", "id", "attributes", "references", "migrationVersion"],
        "additionalProperties": False,
    }


def fields(view: str) -> dict[str, str]:
    """The fields of the index behind a data view, with their types."""
    target = OpenSearchSettings()
    dataset = view.removeprefix(f"{target.index_prefix}-")
    mapped = index_template(target, "messages" if dataset == MODEL_CALLS else dataset)["template"]["mappings"]
    return {name: field.get("type", "object") for name, field in mapped["properties"].items()}


def asked_fields(query: Any) -> set[str]:
    """The fields that a query names."""
    if isinstance(query, list):
        return set().union(*map(asked_fields, query))
    if not isinstance(query, dict):
        return set()
    found: set[str] = set()
    for kind, inner in query.items():
        if kind in {"match", "match_phrase", "range"}:
            found |= set(inner)
        elif kind == "exists":
            found.add(inner["field"])
        elif kind == "query_string":
            found |= set(inner["fields"])
        else:
            found |= asked_fields(inner)
    return found


def test_the_generated_file_is_up_to_date() -> None:
    assert FILE.read_text("utf-8") == saved_objects_file(), "run `make format`"


@pytest.mark.parametrize("saved", OBJECTS, ids=lambda saved: saved["id"])
def test_an_object_has_the_shape_that_dashboards_imports(saved: SavedObject) -> None:
    jsonschema.validate(saved, shape(saved["type"]), jsonschema.Draft202012Validator)


def test_everything_that_is_referred_to_comes_before() -> None:
    known: set[tuple[str, str]] = set()
    for saved in OBJECTS:
        assert {(each["type"], each["id"]) for each in saved["references"]} <= known, saved["id"]
        assert (saved["type"], saved["id"]) not in known
        known.add((saved["type"], saved["id"]))


def test_there_is_a_data_view_of_every_alias_that_analysts_query() -> None:
    assert set(VIEWS) == {*DATASETS, MODEL_CALLS}
    for view in saved_objects("index-pattern"):
        assert fields(view["id"])[view["attributes"]["timeFieldName"]] == "date"


@pytest.mark.parametrize(
    "saved", saved_objects("search") + saved_objects("visualization"), ids=lambda saved: saved["id"]
)
def test_it_asks_for_fields_that_we_publish(saved: SavedObject) -> None:
    source, known = source_of(saved), fields(view_of(saved))
    assert source["filter"] == []
    assert source["query"]["language"] == "kuery"
    asked = asked_fields(query_of(source["query"]["query"]))
    if saved["type"] == "search":
        asked |= {*saved["attributes"]["columns"], *(field for field, _ in saved["attributes"]["sort"])}
    assert asked <= set(known)


@pytest.mark.parametrize("saved", saved_objects("visualization"), ids=lambda saved: saved["id"])
def test_a_visualisation_has_aggregations_that_its_type_draws(saved: SavedObject) -> None:
    state = json.loads(saved["attributes"]["visState"])
    aggregations, known = aggregations_of(saved), fields(view_of(saved))
    assert state["title"] == saved["attributes"]["title"]
    assert state["params"].get("type", state["type"]) == state["type"]
    assert {each["schema"] for each in aggregations} <= PLACES[state["type"]]
    names = [each["id"] for each in aggregations]
    assert len(set(names)) == len(names)
    for each in aggregations:
        kind, params = each["type"], each["params"]
        assert kind in {"count", "sum", "avg", "max", "terms", "date_histogram"}
        assert (each["schema"] == "metric") == (kind not in {"terms", "date_histogram"})
        if kind == "terms":
            # Text can't be aggregated.
            assert known[params["field"]] == "keyword"
            [by] = [other for other in aggregations if other["id"] == params["orderBy"]]
            assert by["schema"] == "metric"
        elif kind == "date_histogram":
            assert known[params["field"]] == "date"
        elif kind != "count":
            assert known[params["field"]] in {"long", "integer", "scaled_float"}


@pytest.mark.parametrize("saved", saved_objects("dashboard"), ids=lambda saved: saved["id"])
def test_the_panels_of_a_dashboard_lie_beside_each_other(saved: SavedObject) -> None:
    panels = json.loads(saved["attributes"]["panelsJSON"])
    assert [panel["panelRefName"] for panel in panels] == [each["name"] for each in saved["references"]]
    places = [panel["gridData"] for panel in panels]
    assert [place["i"] for place in places] == [panel["panelIndex"] for panel in panels]
    assert all(place["x"] + place["w"] <= COLUMNS for place in places)
    for one, other in combinations(places, 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or below


def test_everything_is_on_a_dashboard_and_there_are_three() -> None:
    dashboards = saved_objects("dashboard")
    assert {each["id"] for each in dashboards} == {f"sessiontrack-{name}" for name in ("activity", "tools", "cost")}
    shown = {reference["id"] for each in dashboards for reference in each["references"]}
    assert shown == {each["id"] for each in saved_objects("search") + saved_objects("visualization")}


def test_the_container_imports_them_and_is_healthy_when_they_are_there() -> None:
    service = yaml.safe_load(compose_file())["services"]["dashboards"]
    mounts = {target: source for source, target, _ in (mount.split(":") for mount in service["volumes"])}
    script = (ROOT / DASHBOARDS_START).read_text("utf-8")
    [imported] = [target for target, source in mounts.items() if (ROOT / source) == FILE]
    [started] = [target for target, source in mounts.items() if (ROOT / source) == ROOT / DASHBOARDS_START]
    assert f"file=@{imported}" in script
    assert "/api/saved_objects/_import?overwrite=true" in script
    assert service["entrypoint"] == ["sh", started]
    last = OBJECTS[-1]
    assert service["healthcheck"]["test"][-1].endswith(f"/api/saved_objects/{last['type']}/{last['id']}")
    if shell := shutil.which("sh"):
        subprocess.run([shell, "-n", ROOT / DASHBOARDS_START], check=True)
