"""What people talk about as it drifts: the words of each period that are said then more than at other times.

A word counts once for each session that says it, so that no long session speaks for all. How distinctive it is, the
log-odds ratio against the other periods tells, divided by its standard deviation: a word that is new weighs more than
one that is frequent always, and one of many sessions more than one of two. What all periods say is the prior, as much
as one session says. What a tenth of the other sessions say as well is no topic of a time, and so is none of the words
that PostgreSQL leaves out of full text, in all languages of which it knows them: a few sessions tell by no count that
"which" belongs to the language.

Scripts that put no spaces between words have no words here.

Source: Monroe, Colaresi, Quinn, "Fightin' Words", Political Analysis 16 (2008), https://doi.org/10.1093/pan/mpn018
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from psycopg import Connection
from psycopg.sql import SQL

from queries.postgres import fetch_dicts
from queries.spans import Span, reading
from sessiontrack.settings import Settings

# Letters only: times, numbers and ids are of their day, and no topic. Shorter words say little in any language.
_WORD = re.compile(r"[^\W\d_]{4,30}")
# Thai, Lao, Burmese, Khmer, ideographs and kana.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\ua4cf\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff]"
)
# What stands beside digits or in a path, an address or a name of a program is no word of a sentence.
_BESIDE = re.compile(r"[\d_/\\@=<>{}\[\]|~#$%^&*`]|\w[.:]\w")
# Fewer sessions are a coincidence.
FEWEST_SESSIONS = 2
# What is below is as likely chance (90 %, one-sided).
_LEAST_SCORE = 1.28
_MOST_TERMS = 12
_LANGUAGE = 0.1
_EXAMPLES = 3
# Of each period a sample, which its ids make the same each time: enough for a word of one session in a hundred, and
# what is read stays the same however much there is. Of each session what it began with, which says what it is about.
_SESSIONS_PER_PERIOD = 300
_MESSAGES_PER_SESSION = 5
_CHARACTERS = 600
# It lies in the session's own time: no other month's partition is looked into.
_QUERY = SQL(
    "WITH {chosen}, sampled AS (SELECT session_id, created_at, last_activity_at, period"
    " FROM (SELECT session_id, created_at, last_activity_at,"
    " date_trunc(%(unit)s, created_at AT TIME ZONE %(zone)s) AS period, row_number() OVER (PARTITION BY"
    " date_trunc(%(unit)s, created_at AT TIME ZONE %(zone)s) ORDER BY md5(session_id)) AS place FROM chosen"
    " WHERE {within}) AS numbered WHERE place <= {sessions})"
    " SELECT to_char(period, 'YYYY-MM-DD') AS day,"
    " floor(extract(epoch FROM period AT TIME ZONE %(zone)s) * 1000)::int8 AS since,"
    " floor(extract(epoch FROM (period + ('1 ' || %(unit)s)::interval) AT TIME ZONE %(zone)s) * 1000)::int8 AS until,"
    " session_id, string_agg(said.begin, ' ') AS text FROM sampled, LATERAL (SELECT left(text, {characters}) AS begin"
    " FROM messages WHERE messages.session_id = sampled.session_id AND role = 'user' AND origin IN ('USER', 'UNKNOWN')"
    " AND NOT inherited AND timestamp BETWEEN sampled.created_at AND sampled.last_activity_at"
    " ORDER BY timestamp, line_number LIMIT {messages}) AS said"
    " GROUP BY period, session_id ORDER BY period, session_id"
)
# A dictionary makes nothing of its stop words; the lists are those of Snowball, and come with the server.
_STOP_WORDS = SQL(
    "SELECT word FROM unnest(%(words)s::text[]) AS word WHERE EXISTS (SELECT FROM pg_ts_dict"
    " WHERE dictnamespace = 'pg_catalog'::regnamespace AND dictinitoption LIKE '%%stopwords%%'"
    " AND ts_lexize(pg_ts_dict.oid, word) = '{{}}')"
)


@dataclass(frozen=True, slots=True)
class Term:
    """A word that is said in a period more than at other times.

    Attributes:
        term: The word, lower case.
        score: How surely: standard deviations.
        sessions: How many sessions of the sample say it.
        examples: Some of them.
    """

    term: str
    score: float
    sessions: int
    examples: list[str]


@dataclass(frozen=True, slots=True)
class TopicPeriod:
    """What a period is about.

    Attributes:
        day: Its first day.
        since: Its begin, epoch milliseconds.
        until: Its end, epoch milliseconds.
        sessions: How many sessions of it were looked at.
        terms: Its words, the most distinctive first.
    """

    day: str
    since: int
    until: int
    sessions: int
    terms: list[Term]


def topics(settings: Settings, span: Span) -> list[TopicPeriod]:
    """What the sessions that began in each period of a span are about, by time.

    Raises:
        UsageError: There is no such time zone.
        UnavailableError: PostgreSQL does not answer.
    """
    query = _QUERY.format(
        chosen=span.chosen(),
        within=span.within(SQL("created_at")),
        sessions=SQL(str(_SESSIONS_PER_PERIOD)),
        characters=SQL(str(_CHARACTERS)),
        messages=SQL(str(_MESSAGES_PER_SESSION)),
    )
    with reading(settings) as connection:
        rows = fetch_dicts(connection, query, span.parameters())
        periods: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for row in rows:
            periods[row["day"]].append(row)
        terms = distinctive_terms(
            {day: {row["session_id"]: row["text"] for row in found} for day, found in periods.items()}
        )
        stop_words = _stop_words(connection, {term.term for found in terms.values() for term in found})
    return [
        TopicPeriod(day, found[0]["since"], found[0]["until"], len(found), _foremost(terms[day], stop_words))
        for day, found in periods.items()
    ]


def _stop_words(connection: Connection[Any], found: Collection[str]) -> set[str]:
    """Those of some words that belong to a language."""
    return {row["word"] for row in fetch_dicts(connection, _STOP_WORDS, {"words": sorted(found)})}


def _foremost(terms: Iterable[Term], stop_words: Collection[str]) -> list[Term]:
    return [term for term in terms if term.term not in stop_words][:_MOST_TERMS]


def distinctive_terms(periods: Mapping[str, Mapping[str, str]]) -> dict[str, list[Term]]:
    """The words of each period that are said then more than in the others, the most distinctive first.

    Args:
        periods: Of each period the texts of its sessions, by session id.
    """
    said = {period: _sessions_by_word(texts) for period, texts in periods.items()}
    counts = {period: Counter({word: len(ids) for word, ids in found.items()}) for period, found in said.items()}
    everywhere: Counter[str] = sum(counts.values(), Counter())
    sessions = sum(len(texts) for texts in periods.values())
    found = {}
    for period, texts in periods.items():
        others = {
            word: (everywhere[word] - count) / max(1, sessions - len(texts)) for word, count in counts[period].items()
        }
        topical = {word: ids for word, ids in said[period].items() if others[word] < _LANGUAGE}
        # What all periods say is the prior, as much as one session says.
        found[period] = _terms(topical, counts[period], everywhere, 1 / max(1, sessions))
    return found


def words(text: str) -> Iterable[str]:
    """The words of sentences in a text, lower case."""
    for token in text.split():
        yield from _words_of(token)


# The same words make up most of all texts: some megabytes of them.
@lru_cache(maxsize=50_000)
def _words_of(token: str) -> tuple[str, ...]:
    if _BESIDE.search(token) or _UNSPACED.search(token):
        return ()
    return tuple(word.lower() for word in _WORD.findall(token))


def _sessions_by_word(texts: Mapping[str, str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for session_id, text in texts.items():
        for word in sorted(set(words(text))):
            found[word].append(session_id)
    return found


def _terms(said: Mapping[str, list[str]], here: Counter[str], everywhere: Counter[str], weight: float) -> list[Term]:
    of_period, of_all = here.total(), everywhere.total()

    def score(word: str) -> float:
        """The log-odds ratio of the word here against elsewhere, in standard deviations."""
        prior, prior_total = weight * everywhere[word], weight * of_all
        inside, outside = here[word], everywhere[word] - here[word]
        odds = [
            (count + prior) / (total + prior_total - count - prior)
            for count, total in ((inside, of_period), (outside, of_all - of_period))
        ]
        return (math.log(odds[0]) - math.log(odds[1])) / math.sqrt(1 / (inside + prior) + 1 / (outside + prior))

    scored = [
        Term(word, round(found, 2), len(ids), ids[:_EXAMPLES])
        for word, ids in said.items()
        if len(ids) >= FEWEST_SESSIONS and (found := score(word)) >= _LEAST_SCORE
    ]
    return sorted(scored, key=lambda term: (-term.score, term.term))
