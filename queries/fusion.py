"""Makes one ranking of several: reciprocal rank fusion with a gentle prior for what is recent. Pure.

Source: G. V. Cormack, C. L. A. Clarke and S. Büttcher, "Reciprocal rank fusion outperforms Condorcet and individual
rank learning methods", SIGIR 2009. Ranks need no scale, so that the scores of different stores can be fused.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

# What a first place weighs against later ones. The paper's 60 was chosen where every place of a long ranking tells
# something. Here the words of a question find a hundred turns by a name alone: its first places are what tells
# (bench/retrieval: 0.67 of the answers among the first ten with 10, 0.58 with 60).
K = 10
# What of a turn's score the turn before it gets. The one before is mixed into a turn's vector, so that it is found by
# what that one says as well; and who finds the answer "how lovely" looks for what was lovely (bench/retrieval: 0.02
# more).
_OF_THE_TURN_AFTER = 0.3
# What a message of today scores above one that is old beyond memory, and how soon half of that is gone.
RECENCY = 0.05
HALF_LIFE_MS = 90 * 86_400_000


@dataclass(frozen=True, slots=True)
class Candidate:
    """A message, or a session, that one ranking found.

    Attributes:
        id: Which one.
        session_id: The session of a message; the id again of a session.
        timestamp: When it was written, epoch milliseconds.
        score: What the ranking gave it.
    """

    id: str
    session_id: str
    timestamp: int
    score: float


@dataclass(frozen=True, slots=True)
class Place:
    """Where a ranking has a message.

    Attributes:
        rank: From 1.
        score: What the ranking gave it.
    """

    rank: int
    score: float


@dataclass(frozen=True, slots=True)
class Fused:
    """A message, or a session, in the ranking of all.

    Attributes:
        id: Which one.
        session_id: Its session.
        timestamp: When it was written, epoch milliseconds.
        score: 1 where every ranking has it first and it was written now; else less.
        places: Where each ranking has it, by name; those that have it.
        recency: What was multiplied in for its age, 1 or a little more.
        after: What was added for the turn after it.
    """

    id: str
    session_id: str
    timestamp: int
    score: float
    places: Mapping[str, Place]
    recency: float
    after: float = 0.0


def fuse(rankings: Mapping[str, Sequence[Candidate]], weights: Mapping[str, float], now: int) -> list[Fused]:
    """The ranking of all, best first; of equals the newest first.

    Args:
        rankings: Each best first; of a message that stands in one several times the best place counts.
        weights: What each ranking weighs, by name.
        now: Epoch milliseconds, from which age is counted.
    """
    places: dict[str, dict[str, Place]] = defaultdict(dict)
    candidates: dict[str, Candidate] = {}
    for name, ranking in rankings.items():
        for rank, candidate in enumerate(ranking, 1):
            places[candidate.id].setdefault(name, Place(rank, candidate.score))
            candidates.setdefault(candidate.id, candidate)
    best = sum(weights[name] for name in rankings) / (K + 1) * (1 + RECENCY)
    fused = []
    for each in candidates.values():
        found, recency = places[each.id], recency_of(each.timestamp, now)
        score = recency * sum(weights[name] / (K + place.rank) for name, place in found.items()) / best
        fused.append(Fused(each.id, each.session_id, each.timestamp, score, found, recency))
    return _best_first(fused)


def credited(fused: Sequence[Fused], lines: Mapping[str, int]) -> list[Fused]:
    """The ranking with each message credited for the turn after it, where that was found too; best first.

    Args:
        fused: The ranking.
        lines: The line number of each message in its session, by id; those that are known.
    """
    scores = {(each.session_id, lines[each.id]): each.score for each in fused if each.id in lines}
    found = []
    for each in fused:
        following = scores.get((each.session_id, lines[each.id] + 1), 0.0) if each.id in lines else 0.0
        credit = _OF_THE_TURN_AFTER * following
        found.append(replace(each, score=(each.score + credit) / (1 + _OF_THE_TURN_AFTER), after=credit))
    return _best_first(found)


def _best_first(fused: Iterable[Fused]) -> list[Fused]:
    return sorted(fused, key=lambda each: (-each.score, -each.timestamp, each.id))


def recency_of(timestamp: int, now: int) -> float:
    """What a message is multiplied with for its age: 1 + RECENCY for now, half of that share after a half-life."""
    halvings = max(0, now - timestamp) / HALF_LIFE_MS
    return 1 + RECENCY * math.pow(0.5, halvings)
