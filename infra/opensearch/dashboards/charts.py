"""Kinds of visualisation: which place each of their buckets has, and how they are drawn."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

from infra.opensearch.dashboards.aggregations import Bucket, Metric


@dataclass(frozen=True)
class Chart(ABC):
    """A visualisation.

    Attributes:
        title: Its name.
        view: The data view that it reads, without the prefix.
        metrics: Its numbers, the one by which terms are ordered first.
        buckets: What they are split by.
        query: DQL, what is left out.
    """

    title: str
    view: str
    metrics: tuple[Metric, ...]
    buckets: tuple[Bucket, ...] = ()
    query: str = ""

    kind: ClassVar[str]
    """Its name in Dashboards."""
    schemas: ClassVar[tuple[str, ...]] = ()
    """The place of each bucket, the last one for all that follow."""

    @abstractmethod
    def params(self) -> dict[str, Any]:
        """How it is drawn."""

    def vis_state(self) -> dict[str, Any]:
        """What Dashboards keeps of it."""
        metrics = [each.json(number) for number, each in enumerate(self.metrics, 1)]
        places = [*self.schemas, *self.schemas[-1:] * len(self.buckets)]
        buckets = [
            each.json(number, place)
            for number, (each, place) in enumerate(zip(self.buckets, places, strict=False), len(metrics) + 1)
        ]
        return {"title": self.title, "type": self.kind, "aggs": [*metrics, *buckets], "params": self.params()}


@dataclass(frozen=True)
class Number(Chart):
    """Numbers in large type."""

    kind: ClassVar[str] = "metric"

    def params(self) -> dict[str, Any]:
        """Without colours."""
        metric = {
            "percentageMode": False,
            "useRanges": False,
            "colorSchema": "Green to Red",
            "metricColorMode": "None",
            "colorsRange": [{"from": 0, "to": 10_000}],
            "labels": {"show": True},
            "invertColors": False,
            "style": {"bgFill": "#000", "bgColor": False, "labelColor": False, "subText": "", "fontSize": 36},
        }
        return {"type": "metric", "addTooltip": True, "addLegend": False, "metric": metric}


@dataclass(frozen=True)
class Bars(Chart):
    """Bars along the first bucket, stacked by the second."""

    kind: ClassVar[str] = "histogram"
    schemas: ClassVar[tuple[str, ...]] = ("segment", "group")

    def params(self) -> dict[str, Any]:
        """One axis of each kind."""
        [metric] = self.metrics
        axis = {"show": True, "style": {}, "labels": {"show": True, "filter": True, "truncate": 100}}
        category = {"id": "CategoryAxis-1", "type": "category", "position": "bottom", "scale": {"type": "linear"}}
        value = {"id": "ValueAxis-1", "name": "LeftAxis-1", "type": "value", "position": "left"}
        series = {
            "show": True,
            "type": "histogram",
            "mode": "stacked",
            "data": {"id": "1", "label": metric.label},
            "valueAxis": "ValueAxis-1",
            "drawLinesBetweenPoints": True,
            "showCircles": True,
        }
        return {
            "type": "histogram",
            "grid": {"categoryLines": False},
            "categoryAxes": [{**axis, **category, "title": {}}],
            "valueAxes": [
                {**axis, **value, "scale": {"type": "linear", "mode": "normal"}, "title": {"text": metric.label}}
            ],
            "seriesParams": [series],
            "addTooltip": True,
            "addLegend": True,
            "legendPosition": "right",
            "times": [],
            "addTimeMarker": False,
            "labels": {"show": False},
            "thresholdLine": {"show": False, "value": 10, "width": 1, "style": "full", "color": "#E7664C"},
        }


@dataclass(frozen=True)
class Pie(Chart):
    """Shares of a whole."""

    kind: ClassVar[str] = "pie"
    schemas: ClassVar[tuple[str, ...]] = ("segment",)

    def params(self) -> dict[str, Any]:
        """A ring."""
        labels = {"show": False, "values": True, "last_level": True, "truncate": 100}
        return {
            "type": "pie",
            "addTooltip": True,
            "addLegend": True,
            "legendPosition": "right",
            "isDonut": True,
            "labels": labels,
        }


@dataclass(frozen=True)
class Table(Chart):
    """Rows of figures."""

    kind: ClassVar[str] = "table"
    schemas: ClassVar[tuple[str, ...]] = ("bucket",)

    def params(self) -> dict[str, Any]:
        """Ten rows a page."""
        return {
            "perPage": 10,
            "showPartialRows": False,
            "showMetricsAtAllLevels": False,
            "showTotal": False,
            "totalFunc": "sum",
            "percentageCol": "",
        }
