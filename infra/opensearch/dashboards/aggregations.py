"""Aggregations of a visualisation, as Dashboards keeps them in `visState`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Metric:
    """A number of each bucket.

    Attributes:
        label: Its name for people.
        function: What is computed.
        field: Of what; nothing where documents are counted.
    """

    label: str
    function: Literal["count", "sum", "avg", "max"] = "count"
    field: str = ""

    def json(self, number: int) -> dict[str, Any]:
        """The aggregation."""
        field = {"field": self.field} if self.field else {}
        return _aggregation(number, self.function, "metric", {**field, "customLabel": self.label})


@dataclass(frozen=True)
class Terms:
    """A bucket for each of the most frequent values of a field, or of those with the highest first metric.

    Attributes:
        label: What the values are, for people.
        field: Their field.
        size: How many.
    """

    label: str
    field: str
    size: int = 20

    def json(self, number: int, schema: str) -> dict[str, Any]:
        """The aggregation."""
        params = {
            "field": self.field,
            # The first of the metrics.
            "orderBy": "1",
            "order": "desc",
            "size": self.size,
            "otherBucket": False,
            "missingBucket": False,
            "customLabel": self.label,
        }
        return _aggregation(number, "terms", schema, params)


@dataclass(frozen=True)
class Days:
    """A bucket for each day.

    Attributes:
        field: The time that counts.
    """

    field: str

    def json(self, number: int, schema: str) -> dict[str, Any]:
        """The aggregation."""
        params = {
            "field": self.field,
            "interval": "d",
            "useNormalizedOpenSearchInterval": True,
            "drop_partials": False,
            "min_doc_count": 1,
            "extended_bounds": {},
            "customLabel": "Day",
        }
        return _aggregation(number, "date_histogram", schema, params)


Bucket = Terms | Days


def _aggregation(number: int, kind: str, schema: str, params: dict[str, Any]) -> dict[str, Any]:
    return {"id": str(number), "enabled": True, "type": kind, "schema": schema, "params": params}
