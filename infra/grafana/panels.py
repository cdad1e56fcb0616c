"""Panels, as Grafana's dashboards have them in JSON.

https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, field
from string import ascii_uppercase
from typing import Any, ClassVar

# Who looks chooses it: a Grafana that is provisioned with one source has that, and any other Grafana its own.
DATA_SOURCE_VARIABLE = {
    "name": "datasource",
    "label": "Data source",
    "type": "datasource",
    "query": "prometheus",
    "refresh": 1,
    "regex": "",
    "hide": 0,
    "includeAll": False,
    "multi": False,
    "options": [],
    "current": {},
}
DATA_SOURCE = {"type": "prometheus", "uid": f"${{{DATA_SOURCE_VARIABLE['name']}}}"}
# Of Grafana's grid.
COLUMNS = 24


@dataclass(frozen=True)
class Query:
    """What Prometheus is asked, and how each series of the answer is called."""

    expr: str
    legend: str = ""


@dataclass(frozen=True)
class Panel(ABC):
    """What all panels have.

    Attributes:
        title: What it shows.
        description: What it means, and what to think of it.
        unit: Grafana's name of the unit.
        queries: What is drawn.
        width: Columns of 24.
    """

    title: str
    description: str
    unit: str
    queries: tuple[Query, ...]
    width: int

    kind: ClassVar[str]
    """Grafana's name of it."""
    height: ClassVar[int]
    """Rows of its grid."""

    @abstractmethod
    def defaults(self) -> dict[str, Any]:
        """How each value is shown."""

    @abstractmethod
    def options(self) -> dict[str, Any]:
        """How the panel is shown."""

    def json(self, number: int, column: int, row: int) -> dict[str, Any]:
        """The panel at its place in the grid."""
        return {
            "id": number,
            "type": self.kind,
            "title": self.title,
            "description": self.description,
            "datasource": DATA_SOURCE,
            "gridPos": {"x": column, "y": row, "w": self.width, "h": self.height},
            "fieldConfig": {"defaults": self.defaults(), "overrides": []},
            "options": self.options(),
            "targets": [self._target(*each) for each in zip(ascii_uppercase, self.queries, strict=False)],
        }

    def _target(self, name: str, query: Query) -> dict[str, Any]:
        return {
            "refId": name,
            "datasource": DATA_SOURCE,
            "editorMode": "code",
            "expr": query.expr,
            "legendFormat": query.legend or "__auto",
            "range": True,
        }


@dataclass(frozen=True)
class TimeSeries(Panel):
    """Lines over time.

    Attributes:
        least: Where the axis begins; with the least value where None.
    """

    width: int = COLUMNS // 3
    least: float | None = field(default=0, kw_only=True)

    kind: ClassVar[str] = "timeseries"
    height: ClassVar[int] = 8

    def defaults(self) -> dict[str, Any]:
        """A thin line over a faint area, broken where nothing was measured."""
        custom = {"lineWidth": 1, "fillOpacity": 8, "showPoints": "never"}
        return {"unit": self.unit, "custom": custom, **({} if self.least is None else {"min": self.least})}

    def options(self) -> dict[str, Any]:
        """A list below, and all values at the pointer, the largest first."""
        return {
            "legend": {"showLegend": True, "displayMode": "list", "placement": "bottom", "calcs": []},
            "tooltip": {"mode": "multi", "sort": "desc"},
        }


@dataclass(frozen=True)
class Stat(Panel):
    """One number, in red from where it is an alarm.

    Attributes:
        red_from: The least value that alarms; None where none does.
        red_below: The same where small values do.
    """

    width: int = COLUMNS // 6
    red_from: float | None = field(default=None, kw_only=True)
    red_below: float | None = field(default=None, kw_only=True)

    kind: ClassVar[str] = "stat"
    height: ClassVar[int] = 4

    def defaults(self) -> dict[str, Any]:
        """Its colours."""
        first = "green" if self.red_below is None else "red"
        steps: list[dict[str, Any]] = [{"color": first, "value": None}]
        if self.red_from is not None:
            steps.append({"color": "red", "value": self.red_from})
        if self.red_below is not None:
            steps.append({"color": "green", "value": self.red_below})
        return {"unit": self.unit, "thresholds": {"mode": "absolute", "steps": steps}}

    def options(self) -> dict[str, Any]:
        """The last value, before its course."""
        return {
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
            "colorMode": "value",
            "graphMode": "area",
            "justifyMode": "auto",
            "orientation": "auto",
            "textMode": "auto",
        }


def laid_out(panels: Iterable[Panel]) -> list[dict[str, Any]]:
    """Panels from left to right, a new row where one does not fit or is of another height."""
    placed: list[dict[str, Any]] = []
    column = row = height = 0
    for number, panel in enumerate(panels, 1):
        if placed and (column + panel.width > COLUMNS or panel.height != height):
            column, row = 0, row + height
        height = panel.height
        placed.append(panel.json(number, column, row))
        column += panel.width
    return placed
