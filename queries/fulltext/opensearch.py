"""Messages by their words, from OpenSearch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from opensearchpy import OpenSearch

from queries.fulltext.index import Found
from queries.fusion import Candidate
from queries.query_language import Query
from queries.search_body import MARKED, details_body, ranking_body
from queries.snippets import marked_passages
from sessiontrack.settings import OpenSearchSettings


class OpenSearchText:
    """The words of one query.

    All words should be there; a message with most of them is found too, further down. Of a sentence any word is enough.
    Only where nothing is found, one word is enough, and spelling is taken lightly.

    Args:
        client: From `queries.opensearch.connected`.
        target: Which indexes.
    """

    def __init__(self, client: OpenSearch, target: OpenSearchSettings) -> None:
        self._client, self._target = client, target
        self._lenient = False

    def rank(self, query: Query, size: int) -> list[Candidate]:
        """The messages that fit, best first."""
        for lenient in (False, True):
            self._lenient = lenient
            found = self._search(ranking_body(query, size, lenient=lenient))
            if found or not query.terms.words:
                break
        return [Candidate(hit["_id"], hit["sort"][1], hit["_score"]) for hit in found]

    def details(self, query: Query, message_ids: Sequence[str]) -> dict[str, Found]:
        """Those of some messages that fulfil what must hold."""
        if not message_ids:
            return {}
        found = self._search(details_body(query, message_ids, lenient=self._lenient))
        named = titles(self._client, self._target, {hit["_source"]["session_id"] for hit in found})
        return {
            hit["_id"]: Found(
                facts=hit["_source"],
                marked=marked_passages(hit.get("highlight", {}), MARKED),
                title=named.get(hit["_source"]["session_id"]),
            )
            for hit in found
        }

    def _search(self, body: dict[str, Any]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._client.search(index=self._target.alias("messages"), body=body)["hits"][
            "hits"
        ]
        return found


def titles(client: OpenSearch, target: OpenSearchSettings, session_ids: Iterable[str]) -> dict[str, str]:
    """The titles of the sessions that have one."""
    ids = sorted(session_ids)
    if not ids:
        return {}
    response = client.mget(index=target.alias("sessions"), body={"ids": ids}, params={"_source": "title"})
    sources = {document["_id"]: document.get("_source", {}) for document in response["docs"]}
    return {session_id: source["title"] for session_id, source in sources.items() if "title" in source}
