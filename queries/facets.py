"""How many messages there are of each agent, channel, role, model, tool, …: what a search can be narrowed to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from queries.filters import Filters
from queries.opensearch import connected
from queries.query_language import parse_query
from queries.search_body import text_query
from queries.search_filters import filter_clauses
from sessiontrack.settings import Settings

# The fields of a message that filters of the same name look at.
FACETS: Mapping[str, str] = {
    "agent": "agent_id",
    "channel": "channel",
    "sender": "sender_name",
    "role": "role",
    "model": "model",
    "tool": "tools_used",
    "project": "project",
}


@dataclass(frozen=True, slots=True)
class FacetValue:
    """A value that a filter may take.

    Attributes:
        value: The value.
        count: Messages that have it; where there are very many values, at least.
    """

    value: str
    count: int


def facets(
    settings: Settings, filters: Filters, query: str | None = None, size: int = 20
) -> dict[str, list[FacetValue]]:
    """The values of each facet, most messages first.

    Args:
        settings: Where OpenSearch is.
        filters: Which messages to count.
        query: Only messages that fit it, as `search` reads it.
        size: Most values of a facet, at least 1.

    Raises:
        UsageError: The query is empty or too long.
        UnavailableError: OpenSearch does not answer.
    """
    chosen: dict[str, Any] = {"bool": {"filter": filter_clauses(filters)}}
    if query is not None:
        chosen = text_query(parse_query(query, filters))
    body = {
        "size": 0,
        "track_total_hits": False,
        "query": chosen,
        "aggs": {name: {"terms": {"field": field, "size": size}} for name, field in FACETS.items()},
    }
    with connected(settings) as client:
        found = client.search(index=settings.opensearch.alias("messages"), body=body)["aggregations"]
    return {
        name: [FacetValue(str(bucket["key"]), bucket["doc_count"]) for bucket in found[name]["buckets"]]
        for name in FACETS
    }
