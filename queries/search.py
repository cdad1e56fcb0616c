"""Finds messages by their words, best first."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from opensearchpy import OpenSearch

from queries.filters import Filters
from queries.opensearch import connected
from queries.search_body import MARK_BEGIN, MARK_END, TEXTS, search_body
from queries.search_terms import SearchTerms, parse_terms
from queries.times import iso
from sessiontrack.errors import UsageError
from sessiontrack.settings import OpenSearchSettings, Settings

# OpenSearch's own bound on a page is 10,000; no person reads a thousandth hit.
MOST_HITS = 1_000
_ELLIPSIS = " … "
# `/etc/nginx` is marked as one, though each of its parts was found.
_BETWEEN_PARTS = re.compile(rf"{MARK_END}((?:[^\w\s{MARK_BEGIN}]|_)*){MARK_BEGIN}")
_BEFORE_A_PATH = re.compile(rf"(?<!\w)([/~.\\]+){MARK_BEGIN}")
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Hit:
    """A message that was found.

    Attributes:
        session_id: Its session.
        message_id: Its id.
        entry_id: The entry's own id in the transcript, else `line:N`.
        role: user, assistant, toolResult, …
        timestamp: When it was written, ISO 8601, UTC.
        score: How well it fits; compares within one search only.
        snippet: The passages that fit, with marks around what was found, on one line.
        sender: Name of who wrote it, else the id.
        channel: Its channel.
        agent: Its agent.
        model: provider/model that wrote it.
        project: Its working folder.
        title: Title of the session.
    """

    session_id: str
    message_id: str
    entry_id: str
    role: str
    timestamp: str
    score: float
    snippet: str
    sender: str | None
    channel: str | None
    agent: str | None
    model: str | None
    project: str | None
    title: str | None

    def as_dict(self) -> dict[str, Any]:
        """Its fields, for JSON."""
        return asdict(self)


def search(
    settings: Settings,
    query: str,
    filters: Filters | None = None,
    limit: int = 10,
    *,
    markers: tuple[str, str] = ("<em>", "</em>"),
) -> list[Hit]:
    """The messages that fit a query, best first; of equals the newest first.

    All words should be there; a message with most of them is found too, further down. Only where no message has most of
    them, one is enough, and spelling is taken lightly.

    Args:
        settings: Where OpenSearch is.
        query: Words, "phrases in quotes", and -words or -"phrases" to leave out. Any text is safe.
        filters: Which messages to look at.
        limit: Most hits, 1 to 1,000.
        markers: What stands before and after each found passage of a snippet.

    Raises:
        UsageError: The query is empty or too long, or the limit out of range.
        UnavailableError: OpenSearch does not answer.
    """
    if not 1 <= limit <= MOST_HITS:
        raise UsageError(f"a limit of {limit} is out of range", hint=f"Give a limit from 1 to {MOST_HITS:,}.")
    terms = parse_terms(query)
    with connected(settings) as client:
        found = _found(client, settings.opensearch, terms, filters or Filters(), limit)
        named = titles(client, settings.opensearch, {hit["_source"]["session_id"] for hit in found})
    return [_hit(hit, named, markers) for hit in found]


def _found(
    client: OpenSearch, target: OpenSearchSettings, terms: SearchTerms, filters: Filters, limit: int
) -> list[dict[str, Any]]:
    for lenient in (False, True):
        body = search_body(terms, filters, limit, lenient=lenient)
        found: list[dict[str, Any]] = client.search(index=target.alias("messages"), body=body)["hits"]["hits"]
        if found or not terms.words:
            break
    return found


def titles(client: OpenSearch, target: OpenSearchSettings, session_ids: Iterable[str]) -> dict[str, str]:
    """The titles of the sessions that have one."""
    ids = sorted(session_ids)
    if not ids:
        return {}
    response = client.mget(index=target.alias("sessions"), body={"ids": ids}, params={"_source": "title"})
    sources = {document["_id"]: document.get("_source", {}) for document in response["docs"]}
    return {session_id: source["title"] for session_id, source in sources.items() if "title" in source}


def _hit(found: Mapping[str, Any], titles: Mapping[str, str], markers: tuple[str, str]) -> Hit:
    source = found["_source"]
    model = [source[name] for name in ("provider", "model") if name in source]
    return Hit(
        session_id=source["session_id"],
        message_id=source["message_id"],
        entry_id=source["entry_id"],
        role=source["role"],
        timestamp=iso(source["timestamp"]),
        score=round(found["_score"], 4),
        snippet=snippet(found.get("highlight", {}), markers),
        sender=source.get("sender_name") or source.get("sender_id"),
        channel=source.get("channel"),
        agent=source.get("agent_id"),
        model="/".join(model) or None,
        project=source.get("project"),
        title=titles.get(source["session_id"]),
    )


def snippet(highlight: Mapping[str, list[str]], markers: tuple[str, str]) -> str:
    """The passages of the first field that has some, in the order of its weight.

    Args:
        highlight: Passages by field, as the highlighter gives them.
        markers: What stands before and after what was found.
    """
    candidates = (highlight.get(name, []) for field in TEXTS for name in (field, f"{field}.parts"))
    marked = next((each for each in candidates if any(MARK_BEGIN in passage for passage in each)), None)
    passages = marked if marked is not None else highlight.get("text", [])
    text = _SPACE.sub(" ", _ELLIPSIS.join(passage.strip() for passage in passages))
    text = _BEFORE_A_PATH.sub(rf"{MARK_BEGIN}\1", _BETWEEN_PARTS.sub(r"\1", text))
    return text.replace(MARK_BEGIN, markers[0]).replace(MARK_END, markers[1])
