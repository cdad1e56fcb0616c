"""Sessions that are about the same as another one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from opensearchpy import OpenSearch

from producers.clawdbot.envelope import without_envelope
from queries.fulltext.index import SessionFound
from queries.fulltext.opensearch import OpenSearchText
from queries.opensearch import connected
from queries.search_terms import is_stop_word
from queries.sessions import one_session
from queries.snippets import MARK_BEGIN, MARK_END, beginning, marked_passages, with_markers
from queries.topics import words
from sessiontrack.settings import OpenSearchSettings, Settings

# What people and the assistant said first tells what a session is about; a tool's output does not.
_ROLES = ("user", "assistant")
_MOST_MESSAGES = 30
_MOST_CHARACTERS = 20_000
# As many words as a person would name to tell the session from others, and a part of them to be similar at all.
_MOST_TERMS = 25
_SHARE_OF_TERMS = "20%"
# A query has 1,024 clauses at most, and no passage has more of them.
_MOST_MARKED = 100
_SNIPPET_CHARACTERS = 160


@dataclass(frozen=True, slots=True)
class SimilarSession:
    """A session that is about the same.

    Attributes:
        session_id: Which one.
        title: Its title.
        channel: Its channel.
        agent: Its agent.
        last_activity_at: Time of its latest entry, ISO 8601, UTC.
        snippet: What it says that is most similar, with `<em>` around the words that both have; on one line.
        score: How similar it is; compares within one answer only.
        entry_id: The entry that is most similar.
        message_id: Its message.
    """

    session_id: str
    title: str | None
    channel: str | None
    agent: str | None
    last_activity_at: str | None
    snippet: str
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
        known = OpenSearchText(client, settings.opensearch).sessions([hit["_source"]["session_id"] for hit in found])
    return [_similar(hit, known.get(hit["_source"]["session_id"])) for hit in found]


def _similar(hit: dict[str, Any], session: SessionFound | None) -> SimilarSession:
    source = hit["_source"]
    passages = marked_passages(hit.get("highlight", {}), ("text",)) or beginning(source.get("text", ""))
    return SimilarSession(
        session_id=source["session_id"],
        title=session.title if session else None,
        channel=session.channel if session else None,
        agent=session.agent if session else None,
        last_activity_at=session.last_activity_at if session else None,
        snippet=with_markers(passages, ("<em>", "</em>")),
        score=round(hit["_score"], 4),
        entry_id=source["entry_id"],
        message_id=source["message_id"],
    )


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
        "_source": ["session_id", "entry_id", "message_id", "text"],
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
        "highlight": {
            "pre_tags": [MARK_BEGIN],
            "post_tags": [MARK_END],
            "fragment_size": _SNIPPET_CHARACTERS,
            "number_of_fragments": 1,
            "order": "score",
            "highlight_query": {"match": {"text": " ".join(_telling(text))}},
            "fields": {"text": {}},
        },
    }


def _telling(text: str) -> list[str]:
    """The words of a text that say what it is about, each once; the most frequent ones."""
    said = Counter(word for word in words(without_envelope(text)) if not is_stop_word(word))
    return [word for word, _ in said.most_common(_MOST_MARKED)]
