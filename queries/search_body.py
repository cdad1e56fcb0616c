"""The request to OpenSearch that a search comes to. Pure.

Every word is looked for in several fields, and in each of them stemmed (`text`), and unstemmed, whole and by part
(`text.parts`); the best match counts. Words side by side score higher (the sequential dependence model: D. Metzler and
W. B. Croft, "A Markov random field model for term dependencies", SIGIR 2005).
The analyzers are in infra/opensearch/templates/analysis.json.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import ceil
from typing import Any

from queries.filters import Filters
from queries.search_filters import Clause, filter_clauses
from queries.search_terms import SearchTerms, is_cjk, is_compound

# Marks of the highlighter, of Unicode's private use area, so that no text has them by chance.
MARK_BEGIN, MARK_END = "\ue000", "\ue001"
# What a message says counts most; the arguments of its calls are its words too, what the model thought is an aside.
TEXTS = {"text": 1.0, "error_message": 0.9, "tool_arguments": 0.7, "thinking": 0.5}
# Names, looked for by part only.
_NAMES = {"sender_name": 0.4, "tools_used": 0.4}
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
# What a word scores for being there at all, so that hits with more of the words come first.
_PRESENCE = 2.0
_PAIR_BOOST = 0.6
_PAIR_SLOP = 5
_MOST_SHARE_OF_WORDS = 0.6
_FRAGMENT_CHARACTERS = 160
_FRAGMENTS = 2
FIELDS = (
    *("session_id", "message_id", "entry_id", "role", "timestamp", "sender_id", "sender_name"),
    *("channel", "agent_id", "provider", "model", "project"),
)


def search_body(terms: SearchTerms, filters: Filters, limit: int, *, lenient: bool = False) -> dict[str, Any]:
    """The body of the request.

    Args:
        terms: What to look for.
        filters: Where.
        limit: Most hits.
        lenient: One of the words is enough, and may be misspelt; else most of them must be there.
    """
    return {
        "size": limit,
        "track_total_hits": False,
        "_source": list(FIELDS),
        "query": {
            "function_score": {
                "query": _query(terms, filters, lenient),
                "functions": [{"filter": role, "weight": weight} for role, weight in _WEIGHTS],
                "score_mode": "multiply",
                "boost_mode": "multiply",
            }
        },
        "sort": [{"_score": "desc"}, {"timestamp": "desc"}, {"message_id": "asc"}],
        "highlight": _highlight(),
    }


def words_needed(count: int) -> int:
    """How many of so many words a hit must have: both of two, most of more."""
    return count if count <= 2 else ceil(count * _MOST_SHARE_OF_WORDS)


def _query(terms: SearchTerms, filters: Filters, lenient: bool) -> Clause:
    must = [_phrase(phrase) for phrase in terms.phrases]
    if terms.words:
        needed = 1 if lenient else words_needed(len(terms.words))
        words = [_word(word, lenient) for word in terms.words]
        must.append({"bool": {"should": words, "minimum_should_match": needed}})
    return {
        "bool": {
            "filter": filter_clauses(filters),
            "must": must,
            "must_not": [_phrase(phrase) for phrase in terms.excluded],
            "should": [_pair(pair) for pair in pairwise(terms.words)],
        }
    }


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
    return {"function_score": {"query": _best(clauses), "weight": _PRESENCE, "boost_mode": "sum"}}


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


def _highlight() -> dict[str, Any]:
    fields = [name for field in TEXTS for name in (field, f"{field}.parts")]
    return {
        "type": "unified",
        "pre_tags": [MARK_BEGIN],
        "post_tags": [MARK_END],
        "fragment_size": _FRAGMENT_CHARACTERS,
        "number_of_fragments": _FRAGMENTS,
        "order": "score",
        # A hit found by name only shows how its text begins.
        "fields": {name: {"no_match_size": _FRAGMENT_CHARACTERS} if name == "text" else {} for name in fields},
    }
