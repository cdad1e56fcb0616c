"""Sessions that are about the same as another one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from opensearchpy import OpenSearch

from queries.fulltext.opensearch import titles
from queries.opensearch import connected
from queries.sessions import one_session
from sessiontrack.settings import OpenSearchSettings, Settings

# What people and the assistant said first tells what a session is about; a tool's output does not.
_ROLES = ("user", "assistant")
_MOST_MESSAGES = 30
_MOST_CHARACTERS = 20_000
# As many words as a person would name to tell the session from others, and a part of them to be similar at all.
_MOST_TERMS = 25
_SHARE_OF_TERMS = "20%"


@dataclass(frozen=True, slots=True)
class SimilarSession:
    """A session that is about the same.

    Attributes:
        session_id: Which one.
        title: Its title.
        score: How similar it is; compares within one answer only.
        entry_id: The entry that is most similar.
        message_id: Its message.
    """

    session_id: str
    title: str | None
    score: float
    entry_id: str
    message_id: str


def similar_sessions(settings: Settings, session_id: str, limit: int = 10) -> list[SimilarSession]:
    """The sessions that say most of what a session says, the most similar first; empty where it says nothing.

    Args:
        settings: Where the stores are.
        session_id: The full id.
        limit: Most sessions, at least 1.

    Raises:
        NotFoundError: There is no such session.
        UnavailableError: A store does not answer.
    """
    session = one_session(settings, session_id)
    with connected(settings) as client:
        said = _texts(client, settings.opensearch, session_id)
        text = "\n".join([session["title"] or "", *said])[:_MOST_CHARACTERS]
        if not text.strip():
            return []
        index = settings.opensearch.alias("messages")
        found = client.search(index=index, body=_body(text, session_id, limit))["hits"]["hits"]
        named = titles(client, settings.opensearch, {hit["_source"]["session_id"] for hit in found})
    return [
        SimilarSession(
            session_id=hit["_source"]["session_id"],
            title=named.get(hit["_source"]["session_id"]),
            score=round(hit["_score"], 4),
            entry_id=hit["_source"]["entry_id"],
            message_id=hit["_source"]["message_id"],
        )
        for hit in found
    ]


def _texts(client: OpenSearch, target: OpenSearchSettings, session_id: str) -> Sequence[str]:
    body = {
        "size": _MOST_MESSAGES,
        "track_total_hits": False,
        "_source": ["text"],
        "query": {"bool": {"filter": [{"term": {"session_id": session_id}}, {"terms": {"role": list(_ROLES)}}]}},
        "sort": [{"timestamp": "asc"}, {"line_number": "asc"}],
    }
    found = client.search(index=target.alias("messages"), body=body)["hits"]["hits"]
    return [hit["_source"].get("text", "") for hit in found]


def _body(text: str, session_id: str, limit: int) -> dict[str, Any]:
    return {
        "size": limit,
        "track_total_hits": False,
        "_source": ["session_id", "entry_id", "message_id"],
        "query": {
            "bool": {
                "must": {
                    "more_like_this": {
                        "fields": ["text"],
                        "like": text,
                        "min_term_freq": 1,
                        "min_doc_freq": 2,
                        "max_query_terms": _MOST_TERMS,
                        "minimum_should_match": _SHARE_OF_TERMS,
                    }
                },
                "filter": [{"terms": {"role": list(_ROLES)}}],
                "must_not": [{"term": {"session_id": session_id}}, {"term": {"inherited": True}}],
            }
        },
        # The best message of each session stands for it.
        "collapse": {"field": "session_id"},
    }
