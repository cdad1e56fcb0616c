"""OpenSearch: a unit is the documents of a session in an index.

Its fingerprint is their number and the sum of their sequence numbers. Whatever is written gets the next number of its
shard, the highest so far, so that among as many documents the sum rises with each that is written again; the index is
named too, for another one counts anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from queries.opensearch import View
from queries.verify.comparison import Dataset, Found, Total
from queries.verify.expected import document_digest

# Sessions in one answer. OpenSearch refuses more than 65,535 by default.
_PAGE = 10_000
# The unit of documents that name no session: none of ours.
_NO_SESSION = ""


class OpenSearchStore:
    """One index.

    Args:
        dataset: What it holds.
        view: A view of it; it lasts while it is used.
    """

    exclusive = True

    def __init__(self, dataset: Dataset, view: View) -> None:
        self.datasets: Sequence[Dataset] = (dataset,)
        self._view = view

    def fingerprints(self, dataset: Dataset) -> Mapping[str, str]:
        """By session."""
        index = self._view.index
        return {
            each["key"]["session"] or _NO_SESSION: f"{index} {each['doc_count']} {each['written']['value']:.0f}"
            for each in _buckets(self._view)
        }

    def totals(self, dataset: Dataset, units: Sequence[str]) -> Mapping[str, Total]:
        """None: OpenSearch can't hash a document."""
        return {}

    def records(self, dataset: Dataset, units: Sequence[str]) -> Iterator[Found]:
        """The documents of some sessions."""
        for found in self._view.documents(_of_sessions(units)):
            session_id = found.source.get("session_id")
            yield Found(session_id or _NO_SESSION, found.id, document_digest(found.source), session_id)


def _buckets(view: View) -> Iterator[Any]:
    session = {"terms": {"field": "session_id", "missing_bucket": True}}
    composite: dict[str, Any] = {"size": _PAGE, "sources": [{"session": session}]}
    body = {
        "size": 0,
        "track_total_hits": False,
        "aggs": {"sessions": {"composite": composite, "aggs": {"written": {"sum": {"field": "_seq_no"}}}}},
    }
    while buckets := (found := view.search(body)["aggregations"]["sessions"])["buckets"]:
        yield from buckets
        composite["after"] = found["after_key"]


def _of_sessions(session_ids: Sequence[str]) -> dict[str, Any]:
    wanted: list[dict[str, Any]] = [{"terms": {"session_id": list(session_ids)}}]
    if _NO_SESSION in session_ids:
        wanted.append({"bool": {"must_not": {"exists": {"field": "session_id"}}}})
    return {"bool": {"should": wanted, "minimum_should_match": 1}}
