"""Saved objects, as OpenSearch Dashboards 3 exports and imports them.

https://github.com/opensearch-project/OpenSearch-Dashboards, in each plugin's `server/saved_objects`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from infra.opensearch.dashboards.charts import Chart
from infra.opensearch.dashboards.pages import PAGES, VIEWS, Page, Search
from infra.stack.versions import OPENSEARCH
from sessiontrack.settings import OpenSearchSettings

FILE = Path(__file__).with_name("sessiontrack.ndjson")
COLUMNS = 48
# The last migration of each type: Dashboards runs none on what is newer, and refuses what is newer than itself.
MIGRATIONS = {"index-pattern": "7.6.0", "search": "7.9.3", "visualization": "7.10.0", "dashboard": "7.9.3"}
_INDEX = "kibanaSavedObjectMeta.searchSourceJSON.index"

SavedObject = dict[str, Any]


def saved_objects_file() -> str:
    """All of them, one a line, each after those that it refers to."""
    return "".join(json.dumps(each, ensure_ascii=False, sort_keys=True) + "\n" for each in saved_objects())


def saved_objects() -> Iterator[SavedObject]:
    """Data views, then what the dashboards show, then the dashboards."""
    for view, time_field in VIEWS.items():
        yield _saved("index-pattern", _view_id(view), {"title": _view_id(view), "timeFieldName": time_field})
    for page in PAGES:
        yield from (_content(panel.content) for panel in page.panels)
    for page in PAGES:
        yield _dashboard(page)


def _content(content: Chart | Search) -> SavedObject:
    return _visualization(content) if isinstance(content, Chart) else _search(content)


def _visualization(chart: Chart) -> SavedObject:
    attributes = {
        "title": chart.title,
        "description": "",
        "version": 1,
        "uiStateJSON": "{}",
        "visState": json.dumps(chart.vis_state()),
        "kibanaSavedObjectMeta": _source(chart.query),
    }
    return _saved("visualization", _id(chart.title), attributes, [_reference(_INDEX, "index-pattern", chart.view)])


def _search(search: Search) -> SavedObject:
    attributes = {
        "title": search.title,
        "description": "",
        "version": 1,
        "hits": 0,
        "columns": list(search.columns),
        "sort": [[VIEWS[search.view], "desc"]],
        "kibanaSavedObjectMeta": _source(search.query),
    }
    return _saved("search", _id(search.title), attributes, [_reference(_INDEX, "index-pattern", search.view)])


def _dashboard(page: Page) -> SavedObject:
    panels, references = [], []
    column = row = height = 0
    for number, panel in enumerate(page.panels):
        if column + panel.width > COLUMNS:
            column, row, height = 0, row + height, 0
        name = f"panel_{number}"
        place = {"x": column, "y": row, "w": panel.width, "h": panel.height, "i": str(number)}
        panels.append(
            {
                "version": OPENSEARCH,
                "gridData": place,
                "panelIndex": str(number),
                "embeddableConfig": {},
                "panelRefName": name,
            }
        )
        content = _content(panel.content)
        references.append({"name": name, "type": content["type"], "id": content["id"]})
        column, height = column + panel.width, max(height, panel.height)
    source = {"query": {"query": "", "language": "kuery"}, "filter": []}
    attributes = {
        "title": page.title,
        "description": page.description,
        "version": 1,
        "hits": 0,
        "panelsJSON": json.dumps(panels),
        "optionsJSON": json.dumps({"useMargins": True, "hidePanelTitles": False}),
        "timeRestore": True,
        "timeFrom": "now-90d",
        "timeTo": "now",
        "refreshInterval": {"pause": True, "value": 0},
        "kibanaSavedObjectMeta": {"searchSourceJSON": json.dumps(source)},
    }
    return _saved("dashboard", f"sessiontrack-{page.name}", attributes, references)


def _source(query: str) -> dict[str, str]:
    """What is searched; the data view is a reference, so that it may be imported under another id."""
    source = {"query": {"query": query, "language": "kuery"}, "filter": [], "indexRefName": _INDEX}
    return {"searchSourceJSON": json.dumps(source)}


def _reference(name: str, kind: str, view: str) -> dict[str, str]:
    return {"name": name, "type": kind, "id": _view_id(view)}


def _view_id(view: str) -> str:
    return OpenSearchSettings().alias(view)


def _id(title: str) -> str:
    return "sessiontrack-" + re.sub(r"\W+", "-", title.lower()).strip("-")


def _saved(
    kind: str, name: str, attributes: dict[str, Any], references: list[dict[str, str]] | None = None
) -> SavedObject:
    return {
        "type": kind,
        "id": name,
        "attributes": attributes,
        "references": references or [],
        "migrationVersion": {kind: MIGRATIONS[kind]},
    }
