"""Finds sessions: by what is said in them, by their titles, and by what they are about as a whole."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from queries.distinct import Distinct
from queries.filters import Filters
from queries.fulltext.index import Found, SessionFound, Turn
from queries.fusion import Candidate, Fused, fuse
from queries.hits import Hit, explanation, hit
from queries.query_language import Query, parse_query
from queries.ranking import Mode, Ranking, ranked
from queries.stores import Stores, answered
from sessiontrack.errors import SessionTrackError, UsageError
from sessiontrack.settings import Settings

MOST_SESSIONS = 50
# What the levels weigh: what is said tells most, the title is of the first thing that was said, and a long session as
# a whole points in many directions (bench/retrieval).
_WEIGHTS = {"messages": 1.0, "title": 0.5, "whole": 0.3}
# Of a session the best passages count, each half as much as the one before: many weak ones do not make it a good one.
_COUNTED = 3
# The best passages that are shown, and how many turns before and after each.
_PASSAGES = 3
AROUND = 2


@dataclass(frozen=True, slots=True)
class Passage:
    """A message of a session that fits, with what was said around it.

    Attributes:
        hit: The message.
        before: The turns before it, in order.
        after: The turns after it.
    """

    hit: Hit
    before: tuple[Turn, ...]
    after: tuple[Turn, ...]


@dataclass(frozen=True, slots=True)
class SessionHit:
    """A session that was found.

    Attributes:
        session_id: Which one.
        title: Its title.
        score: How well it fits, at most 1; compares within one search only.
        channel: Its channel.
        agent: Its agent.
        project: Its working folder.
        last_activity_at: Time of its latest entry, ISO 8601, UTC.
        passages: Its messages that fit best; none where only the title or the whole fits.
        explanation: Why it has its place; None where that was not asked for.
    """

    session_id: str
    title: str | None
    score: float
    channel: str | None
    agent: str | None
    project: str | None
    last_activity_at: str | None
    passages: tuple[Passage, ...]
    explanation: dict[str, Any] | None = None

    def as_dict(self) -> dict[str, Any]:
        """Its fields, for JSON; explanations where there are some."""
        passages = [{**asdict(each), "hit": each.hit.as_dict()} for each in self.passages]
        fields = {name: value for name, value in asdict(self).items() if name != "explanation" or value is not None}
        return fields | {"passages": passages}


@dataclass(frozen=True, slots=True)
class SessionsFound:
    """What a search for sessions found.

    Attributes:
        sessions: Best first.
        mode: How it was searched in the end.
        notes: What was not as it should be, for people.
        by_meaning_alone: Whether no message has the words, so that meaning alone has found the sessions.
    """

    sessions: list[SessionHit]
    mode: Mode
    notes: tuple[str, ...]
    by_meaning_alone: bool = False


def search_sessions(
    settings: Settings,
    query: str,
    filters: Filters | None = None,
    limit: int = 10,
    *,
    mode: Mode | None = None,
    explain: bool = False,
    markers: tuple[str, str] = ("<em>", "</em>"),
) -> SessionsFound:
    """The sessions that fit a query, best first.

    Args:
        settings: Where the stores are, and who embeds.
        query: As `queries.search.search` takes it.
        filters: Which messages to look at.
        limit: Most sessions, 1 to 50.
        mode: By words, by meaning, or by both; both where there are vectors, if None.
        explain: Whether each session tells why it has its place.
        markers: What stands before and after each found word of a snippet.

    Raises:
        UsageError: The query can't be read, or the limit is out of range.
        UnavailableError: No store answers, or meaning alone was asked for and can't be searched.
    """
    if not 1 <= limit <= MOST_SESSIONS:
        raise UsageError(f"a limit of {limit} is out of range", hint=f"Give a limit from 1 to {MOST_SESSIONS}.")
    asked = parse_query(query, filters)
    now = time.time_ns() // 1_000_000

    def run(stores: Stores) -> SessionsFound:
        ranking = ranked(stores, asked, mode, limit, now)
        sessions = fuse(_levels(stores, asked, ranking), _WEIGHTS, now)[:limit]
        hits = _SessionHits(stores, asked, ranking, markers, explain=explain).of(sessions)
        return SessionsFound(hits, ranking.mode, ranking.notes, ranking.by_meaning_alone)

    return answered(settings, run)


def by_session(fused: Sequence[Fused]) -> list[Candidate]:
    """The sessions of messages, best first: each scores what its best messages do, falling by halves. Pure."""
    scores: dict[str, list[Fused]] = defaultdict(list)
    for each in fused:
        scores[each.session_id].append(each)
    found = [
        Candidate(
            session_id,
            session_id,
            max(each.timestamp for each in messages),
            sum(each.score / 2**place for place, each in enumerate(messages[:_COUNTED])),
        )
        for session_id, messages in scores.items()
    ]
    return sorted(found, key=lambda each: (-each.score, -each.timestamp, each.id))


def _levels(stores: Stores, query: Query, ranking: Ranking) -> Mapping[str, Sequence[Candidate]]:
    levels: dict[str, Sequence[Candidate]] = {"messages": by_session(ranking.fused)}
    if ranking.mode != "semantic":
        levels["title"] = stores.text.rank_sessions(query, MOST_SESSIONS)
    if ranking.question is not None:
        try:
            levels["whole"] = ranking.question.sessions(query.filters, MOST_SESSIONS)
        except SessionTrackError:
            # The messages were found by meaning; that the wholes are not there yet takes little away.
            levels["whole"] = []
    return levels


class _SessionHits:
    """Makes hits of sessions, all of them with few requests."""

    def __init__(
        self, stores: Stores, query: Query, ranking: Ranking, markers: tuple[str, str], *, explain: bool
    ) -> None:
        self._stores, self._query, self._ranking = stores, query, ranking
        self._markers, self._explain = markers, explain

    def of(self, sessions: Sequence[Fused]) -> list[SessionHit]:
        """The hits."""
        facts = self._stores.text.sessions([each.id for each in sessions])
        shown = self._shown({each.id for each in sessions})
        around = self._around([found for messages in shown.values() for _, found in messages])
        return [
            self._hit(each, facts[each.id], shown.get(each.id, []), around) for each in sessions if each.id in facts
        ]

    def _shown(self, sessions: set[str]) -> dict[str, list[tuple[Fused, Found]]]:
        chosen: dict[str, list[Fused]] = defaultdict(list)
        for each in self._ranking.fused:
            if each.session_id in sessions and len(chosen[each.session_id]) < _PASSAGES:
                chosen[each.session_id].append(each)
        details = self._stores.text.details(self._query, [each.id for some in chosen.values() for each in some])
        return {
            session_id: [(each, details[each.id]) for each in some if each.id in details]
            for session_id, some in chosen.items()
        }

    def _around(self, found: Sequence[Found]) -> dict[tuple[str, int], Sequence[Turn]]:
        places = [(str(each.facts["session_id"]), int(each.facts["line_number"])) for each in found]
        return dict(zip(places, self._stores.text.around(places, AROUND), strict=True))

    def _hit(
        self,
        session: Fused,
        facts: SessionFound,
        shown: Sequence[tuple[Fused, Found]],
        around: Mapping[tuple[str, int], Sequence[Turn]],
    ) -> SessionHit:
        return SessionHit(
            session_id=session.id,
            title=facts.title,
            score=round(session.score, 4),
            channel=facts.channel,
            agent=facts.agent,
            project=facts.project,
            last_activity_at=facts.last_activity_at,
            passages=tuple(self._passage(fused, found, around) for fused, found in shown),
            explanation=explanation(session) if self._explain else None,
        )

    def _passage(self, fused: Fused, found: Found, around: Mapping[tuple[str, int], Sequence[Turn]]) -> Passage:
        line = int(found.facts["line_number"])
        turns = around[str(found.facts["session_id"]), line]
        shown = hit(Distinct(fused, found), self._ranking.passages.get(fused.id), self._markers)
        before = tuple(turn for turn in turns if turn.line_number < line)
        return Passage(shown, before, tuple(turn for turn in turns if turn.line_number > line))
