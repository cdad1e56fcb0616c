"""Messages by their words, from OpenSearch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from opensearchpy import OpenSearch

from queries.fulltext.index import Found, SessionFound, Turn
from queries.fusion import Candidate
from queries.query_language import Query
from queries.search_body import MARKED, details_body, lines_body, ranking_body, spoken_body, titles_body
from queries.snippets import marked_passages
from queries.times import iso
from queries.vectors.index import of_sessions
from sessiontrack.settings import OpenSearchSettings

_SESSION_FIELDS = ("title", "channel", "agent_id", "project", "last_activity_at")


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
        return [Candidate(hit["_id"], hit["fields"]["session_id"][0], hit["sort"][1], hit["_score"]) for hit in found]

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

    def lines(self, message_ids: Sequence[str]) -> dict[str, int]:
        """The line numbers of some messages."""
        return {hit["_id"]: hit["fields"]["line_number"][0] for hit in self._search(lines_body(message_ids))}

    def rank_sessions(self, query: Query, size: int) -> list[Candidate]:
        """The sessions whose titles have words of the query, best first."""
        if not query.has_text or not of_sessions(query.filters):
            return []
        found = self._search(titles_body(query, size), "sessions")
        return [Candidate(hit["_id"], hit["_id"], hit["sort"][1], hit["_score"]) for hit in found]

    def sessions(self, session_ids: Sequence[str]) -> dict[str, SessionFound]:
        """What hits show of some sessions."""
        return {
            session_id: SessionFound(
                title=source.get("title"),
                channel=source.get("channel"),
                agent=source.get("agent_id"),
                project=source.get("project"),
                last_activity_at=iso(source["last_activity_at"]),
            )
            for session_id, source in _sources(self._client, self._target, session_ids, _SESSION_FIELDS).items()
        }

    def around(self, places: Sequence[tuple[str, int]], turns: int) -> list[list[Turn]]:
        """What was said before and after some messages."""
        if not places:
            return []
        requests: list[dict[str, Any]] = []
        for session_id, line in places:
            requests += ({}, spoken_body(session_id, {"lt": line}, "desc", turns))
            requests += ({}, spoken_body(session_id, {"gt": line}, "asc", turns))
        answers = self._client.msearch(index=self._target.alias("messages"), body=requests)["responses"]
        found = [[Turn.of(hit["_source"]) for hit in answer["hits"]["hits"]] for answer in answers]
        return [[*reversed(before), *after] for before, after in zip(found[::2], found[1::2], strict=True)]

    def _search(self, body: dict[str, Any], dataset: str = "messages") -> list[dict[str, Any]]:
        answer = self._client.search(index=self._target.alias(dataset), body=body)
        found: list[dict[str, Any]] = answer["hits"]["hits"]
        return found


def titles(client: OpenSearch, target: OpenSearchSettings, session_ids: Iterable[str]) -> dict[str, str]:
    """The titles of the sessions that have one."""
    sources = _sources(client, target, session_ids, ("title",))
    return {session_id: source["title"] for session_id, source in sources.items() if "title" in source}


def _sources(
    client: OpenSearch, target: OpenSearchSettings, session_ids: Iterable[str], fields: Sequence[str]
) -> dict[str, dict[str, Any]]:
    ids = sorted(session_ids)
    if not ids:
        return {}
    parameters = {"_source": ",".join(fields)}
    response = client.mget(index=target.alias("sessions"), body={"ids": ids}, params=parameters)
    return {document["_id"]: document["_source"] for document in response["docs"] if "_source" in document}
