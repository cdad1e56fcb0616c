"""The saved objects of OpenSearch Dashboards, and the requests that Dashboards makes of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from infra.opensearch.dashboards.render import FILE
from tests.dql import query_of

SavedObject = dict[str, Any]
Row = tuple[Any, ...]


def saved_objects(kind: str | None = None) -> list[SavedObject]:
    """What Dashboards imports, or those of one type."""
    objects = [json.loads(line) for line in FILE.read_text("utf-8").splitlines()]
    return [each for each in objects if kind in (None, each["type"])]


def source_of(saved: SavedObject) -> dict[str, Any]:
    """What a search, a visualisation or a dashboard searches."""
    source: dict[str, Any] = json.loads(saved["attributes"]["kibanaSavedObjectMeta"]["searchSourceJSON"])
    return source


def view_of(saved: SavedObject) -> str:
    """The data view that it reads, which is the name of an alias."""
    name = source_of(saved)["indexRefName"]
    [view] = [each["id"] for each in saved["references"] if each["name"] == name]
    return str(view)


def request_of(saved: SavedObject) -> dict[str, Any]:
    """The body of its request, over all time and in UTC."""
    body: dict[str, Any] = {"query": query_of(source_of(saved)["query"]["query"]), "track_total_hits": True}
    if saved["type"] == "search":
        return {**body, "size": 10_000, "sort": [{field: order} for field, order in saved["attributes"]["sort"]]}
    return {**body, "size": 0, "aggs": _nested(aggregations_of(saved))}


def rows_of(saved: SavedObject, answer: dict[str, Any]) -> list[Row]:
    """What it shows: of a search the ids, else the buckets with their metrics."""
    if saved["type"] == "search":
        return [(hit["_id"],) for hit in answer["hits"]["hits"]]
    everything = {"doc_count": answer["hits"]["total"]["value"], **answer.get("aggregations", {})}
    return list(_rows(aggregations_of(saved), everything))


def aggregations_of(saved: SavedObject) -> list[dict[str, Any]]:
    """The aggregations of a visualisation."""
    aggregations: list[dict[str, Any]] = json.loads(saved["attributes"]["visState"])["aggs"]
    return aggregations


def _nested(aggregations: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Each bucket inside the one before, and the metrics inside the last."""
    metrics = {each["id"]: each for each in aggregations if each["schema"] == "metric"}
    computed = {
        name: {each["type"]: {"field": each["params"]["field"]}}
        for name, each in metrics.items()
        if each["type"] != "count"
    }
    inner = computed
    for each in reversed([each for each in aggregations if each["schema"] != "metric"]):
        params, ordered = each["params"], {}
        if each["type"] == "terms":
            name = params["orderBy"]
            order = name if name in computed else "_count"
            # What a bucket is ordered by is computed in it.
            ordered = {name: computed[name]} if name in computed else {}
            request = {"field": params["field"], "size": params["size"], "order": {order: params["order"]}}
        else:
            assert params["interval"] == "d"
            request = {"field": params["field"], "calendar_interval": "1d", "time_zone": "UTC"}
            request |= {"min_doc_count": params["min_doc_count"]}
        inner = {each["id"]: {each["type"]: request, "aggs": ordered | inner}}
    return inner


def _rows(aggregations: Sequence[dict[str, Any]], bucket: dict[str, Any]) -> Iterator[Row]:
    """A row for each innermost bucket: the keys on the way to it, and its metrics."""
    inner = next((each for each in aggregations if each["schema"] != "metric"), None)
    if inner is None:
        yield tuple(
            bucket["doc_count"] if each["type"] == "count" else bucket[each["id"]]["value"] for each in aggregations
        )
        return
    rest = [each for each in aggregations if each is not inner]
    for each in bucket[inner["id"]]["buckets"]:
        for row in _rows(rest, each):
            yield (_day(each["key"]) if inner["type"] == "date_histogram" else each["key"], *row)


def _day(epoch_ms: int) -> str:
    return datetime.fromtimestamp(epoch_ms / 1000, UTC).date().isoformat()
