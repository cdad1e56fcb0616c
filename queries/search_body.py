"""The requests to OpenSearch that a search comes to. Pure.

Every word is looked for in several fields, and in each of them stemmed (`text`), and unstemmed, whole and by part
(`text.parts`); the best match counts. Words side by side score higher (the sequential dependence model: D. Metzler and
W. B. Croft, "A Markov random field model for term dependencies", SIGIR 2005).
The analyzers are in infra/opensearch/templates/analysis.json.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import ceil
from typing import Any

from queries.fulltext.index import SPOKEN
from queries.query_language import Query
from queries.search_filters import Clause, filter_clauses, session_facts
from queries.search_terms import SearchTerms, is_cjk, is_compound
from queries.snippets import MARK_BEGIN, MARK_END

# What a message says counts most; the arguments of its calls are its words too, what the model thought is an aside.
TEXTS = {"text": 1.0, "error_message": 0.9, "tool_arguments": 0.7, "thinking": 0.5}
# Names, looked for by part only. Whoever is named in a question is mostly who said what answers it; others say the name
# when they address them.
_NAMES = {"sender_name": 1.5, "tools_used": 0.4}
# What a person writes or is told is what they look for; a tool's output repeats it at length.
_WEIGHTS = (
    ({"terms": {"role": ["toolResult", "bashExecution"]}}, 0.6),
    ({"terms": {"role": ["compaction", "branch_summary", "custom_message"]}}, 0.8),
    ({"terms": {"origin": ["GATEWAY", "MIRROR", "SYSTEM"]}}, 0.8),
)
# What the whole of a path or identifier scores above the sum of its parts.
_WHOLE = 1.5
# A colon ends a whole (`src/app.py:12`), and the parts of the first stand between it and the second.
_WHOLE_SLOP = 30
# How much the other fields add to the best one.
_TIE_BREAKER = 0.2
# What a keyword scores for being there at all, so that hits with more of them come first. Of a question the rare words
# tell, and common ones are there by chance.
_PRESENCE = 2.0
_PAIR_BOOST = 0.6
_PAIR_SLOP = 5
_MOST_SHARE_OF_WORDS = 0.6
_FRAGMENT_CHARACTERS = 160
_FRAGMENTS = 2
# Where passages are shown from, the weightiest first.
MARKED = tuple(name for field in TEXTS for name in (field, f"{field}.parts"))
FIELDS = (
    *("text", "session_id", "message_id", "entry_id", "role", "timestamp", "sender_id", "sender_name"),
    *("channel", "agent_id", "provider", "model", "project", "line_number"),
)
_SPOKEN_FIELDS = ("entry_id", "line_number", "role", "sender_id", "sender_name", "text")


def ranking_body(query: Query, size: int, *, lenient: bool = False) -> dict[str, Any]:
    """The request for the messages that fit, best first.

    Args:
        query: What to look for, and where.
        size: Most messages.
        lenient: One of the words is enough, and may be misspelt.
    """
    return {
        "size": size,
        "track_total_hits": False,
        "_source": False,
        "docvalue_fields": ["session_id"],
        "query": text_query(query, lenient=lenient),
        "sort": [{"_score": "desc"}, {"timestamp": "desc"}, {"message_id": "asc"}],
    }


def details_body(query: Query, message_ids: Sequence[str], *, lenient: bool = False) -> dict[str, Any]:
    """The request for what hits show of some messages: those that fulfil what must hold.

    Args:
        query: What was looked for, and where.
        message_ids: The messages.
        lenient: Misspelt words are marked too.
    """
    held = [*filter_clauses(query.filters), *map(_phrase, query.terms.phrases), {"ids": {"values": list(message_ids)}}]
    return {
        "size": len(message_ids),
        "track_total_hits": False,
        "_source": list(FIELDS),
        "query": {"bool": {"filter": held, "must_not": _excluded(query.terms)}},
        "highlight": _highlight(query.terms, lenient),
    }


def lines_body(message_ids: Sequence[str]) -> dict[str, Any]:
    """The request for where messages stand in their sessions."""
    return {
        "size": len(message_ids),
        "track_total_hits": False,
        "_source": False,
        "docvalue_fields": ["line_number"],
        "query": {"bool": {"filter": [{"ids": {"values": list(message_ids)}}, {"exists": {"field": "line_number"}}]}},
    }


def titles_body(query: Query, size: int) -> dict[str, Any]:
    """The request for the sessions whose titles have words of a query; filters of messages say nothing of them."""
    sought = " ".join((*query.terms.words, *query.terms.phrases))
    scored = {"multi_match": {"query": sought, "fields": ["title", "title.parts^0.5"], "type": "most_fields"}}
    return {
        "size": size,
        "track_total_hits": False,
        "_source": False,
        "query": {"bool": {"must": [scored], "filter": session_facts(query.filters)}},
        "sort": [{"_score": "desc"}, {"last_activity_at": "desc"}, {"session_id": "asc"}],
    }


def spoken_body(session_id: str, lines: Mapping[str, int], order: str, size: int) -> dict[str, Any]:
    """The request for what was said in a part of a session.

    Args:
        session_id: The session.
        lines: Bounds of the line numbers, as a range query has them.
        order: `asc` or `desc` by line.
        size: Most turns.
    """
    part = [{"term": {"session_id": session_id}}, {"terms": {"role": list(SPOKEN)}}, {"range": {"line_number": lines}}]
    return {
        "size": size,
        "track_total_hits": False,
        "_source": list(_SPOKEN_FIELDS),
        "query": {"bool": {"filter": part}},
        "sort": [{"line_number": order}],
    }


def text_query(query: Query, *, lenient: bool = False) -> Clause:
    """What a message must have to fit, and what it scores."""
    terms = query.terms
    must = [_phrase(phrase) for phrase in terms.phrases]
    if terms.words:
        needed = 1 if lenient or terms.is_sentence else words_needed(len(terms.words))
        must.append({"bool": {"should": _words(terms, lenient), "minimum_should_match": needed}})
    scored = {
        "filter": filter_clauses(query.filters),
        "must": must,
        "must_not": _excluded(terms),
        "should": [_pair(pair) for pair in pairwise(terms.words)],
    }
    return {
        "function_score": {
            "query": {"bool": scored},
            "functions": [{"filter": role, "weight": weight} for role, weight in _WEIGHTS],
            "score_mode": "multiply",
            "boost_mode": "multiply",
        }
    }


def words_needed(count: int) -> int:
    """How many of so many words a hit must have: both of two, most of more."""
    return count if count <= 2 else ceil(count * _MOST_SHARE_OF_WORDS)


def _excluded(terms: SearchTerms) -> list[Clause]:
    return [_phrase(phrase) for phrase in terms.excluded]


def _words(terms: SearchTerms, lenient: bool) -> list[Clause]:
    clauses = [_word(word, lenient) for word in terms.words]
    if terms.is_sentence:
        return clauses
    return [{"function_score": {"query": each, "weight": _PRESENCE, "boost_mode": "sum"}} for each in clauses]


def _word(word: str, lenient: bool) -> Clause:
    clauses: list[Clause] = []
    for field, boost in TEXTS.items():
        clauses.append({"match_phrase": {field: {"query": word, "boost": boost}}})
        if is_cjk(word):
            continue
        clauses.append({"match_phrase": {f"{field}.parts": {"query": word, "boost": boost}}})
        if is_compound(word):
            clauses.append(_whole(field, word, boost * _WHOLE))
    clauses += [{"match_phrase": {f"{name}.parts": {"query": word, "boost": boost}}} for name, boost in _NAMES.items()]
    if lenient and word.isalpha():
        clauses.append(_misspelt(word))
    return _best(clauses)


def _whole(field: str, word: str, boost: float) -> Clause:
    """A path, identifier, URL or code as it stands: `parts` keeps the whole beside its parts."""
    settings = {"query": word, "analyzer": "whole_search", "slop": _WHOLE_SLOP, "boost": boost}
    return {"match_phrase": {f"{field}.parts": settings}}


def _misspelt(word: str) -> Clause:
    """One letter wrong from five letters on, two from nine on; people get the first one right."""
    return {"match": {"text": {"query": word, "fuzziness": "AUTO:5,9", "prefix_length": 1, "boost": 0.5}}}


def _phrase(phrase: str) -> Clause:
    """Word by word: unstemmed, but for languages without spaces, which only the stemmed field divides."""
    suffix = "" if is_cjk(phrase) else ".parts"
    return _best([{"match_phrase": {field + suffix: {"query": phrase, "boost": b}}} for field, b in TEXTS.items()])


def _pair(pair: Sequence[str]) -> Clause:
    return {"match_phrase": {"text": {"query": " ".join(pair), "slop": _PAIR_SLOP, "boost": _PAIR_BOOST}}}


def _best(clauses: list[Clause]) -> Clause:
    return {"dis_max": {"queries": clauses, "tie_breaker": _TIE_BREAKER}}


def _highlight(terms: SearchTerms, lenient: bool) -> dict[str, Any]:
    sought = [*_words(terms, lenient), *map(_phrase, terms.phrases)]
    return {
        "type": "unified",
        "pre_tags": [MARK_BEGIN],
        "post_tags": [MARK_END],
        "fragment_size": _FRAGMENT_CHARACTERS,
        "number_of_fragments": _FRAGMENTS,
        "order": "score",
        "highlight_query": {"bool": {"should": sought}},
        "fields": {name: {} for name in MARKED},
    }
