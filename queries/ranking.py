"""Ranks messages by their words, by their meaning, or by both; tells what could not be done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from queries.fusion import Candidate, Fused, credited, fuse
from queries.meaning import Near, Question
from queries.query_language import Query
from queries.stores import MeaningUnavailableError, Stores
from sessiontrack.errors import SessionTrackError

Mode = Literal["text", "semantic", "hybrid"]

# So deep a search may page.
DEEPEST = 1_000
# Each half gives so many for the pages that people read: what one has far down, the other may have on top. The same
# for all of these pages, so that their ranking is the same.
_USUAL = 100
# What each ranking weighs: nobody answers in the words of the question, whereas keywords are meant as they are
# (bench/retrieval).
_OF_SENTENCES = {"text": 1.0, "semantic": 1.5}
_OF_KEYWORDS = {"text": 1.2, "semantic": 1.0}


@dataclass(frozen=True, slots=True)
class Ranking:
    """What was found, best first.

    Attributes:
        fused: The messages.
        passages: Of those that meaning found, the passage that is nearest to the question.
        mode: How it was searched in the end.
        notes: What was not as it should be, for people.
        question: The question as it was embedded; None where it was not.
        by_meaning_alone: Whether words were looked for too, and no message has them.
    """

    fused: list[Fused]
    passages: Mapping[str, str]
    mode: Mode
    notes: tuple[str, ...]
    question: Question | None
    by_meaning_alone: bool = False


def ranked(stores: Stores, query: Query, mode: Mode | None, wanted: int, now: int) -> Ranking:
    """The ranking of a query.

    The question is embedded while its words are looked for. Where that can't be done, the words alone are the answer,
    and it is told.

    Args:
        stores: Where to look.
        query: What is asked; where it only filters, the newest are found.
        mode: By what; None for both where there are vectors.
        wanted: How many are to be shown, those of pages before among them.
        now: Epoch milliseconds, from which age is counted.

    Raises:
        UnavailableError: A store does not answer, or meaning alone was asked for and can't be searched.
    """
    depth = _USUAL if wanted <= _USUAL // 2 else DEEPEST
    asked = _Asked(stores, query, mode)
    rankings: dict[str, Sequence[Candidate]] = {}
    if asked.mode != "semantic":
        rankings["text"] = stores.text.rank(query, depth)
    near = asked.near(depth)
    if near is not None:
        rankings["semantic"] = near.ranking
    fused = fuse(rankings, _OF_SENTENCES if query.terms.is_sentence else _OF_KEYWORDS, now)
    if near is not None:
        fused = credited(fused, stores.text.lines([each.id for each in fused]))
    return Ranking(
        fused,
        near.passages if near is not None else {},
        asked.mode,
        (*stores.notes, *asked.notes),
        asked.question,
        near is not None and "text" in rankings and not rankings["text"],
    )


class _Asked:
    """The half that is found by meaning, and the mode in which it is asked for in the end."""

    def __init__(self, stores: Stores, query: Query, mode: Mode | None) -> None:
        self._query = query
        self.mode: Mode = mode or "hybrid"
        self.notes: tuple[str, ...] = ()
        self.question: Question | None = None
        if not query.has_text or (mode is None and query.terms.is_exact):
            self.mode = "text"
        elif self.mode != "text":
            try:
                self.question = stores.ask(query.text)
            except SessionTrackError as error:
                self._give_up(error)

    def near(self, limit: int) -> Near | None:
        """What is near; None where that is not asked for, or can't be known."""
        if self.question is None:
            return None
        try:
            return self.question.messages(self._query.filters, limit)
        except SessionTrackError as error:
            self._give_up(error)
            return None

    def _give_up(self, error: SessionTrackError) -> None:
        if self.mode == "semantic":
            raise MeaningUnavailableError(
                f"meaning can't be searched: {error}", hint=error.hint or "Search by words: --mode text."
            ) from error
        self.mode, self.question = "text", None
        self.notes = (f"by words alone, as meaning can't be searched: {error}",)
