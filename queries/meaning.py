"""Finds messages and sessions by what they mean: the vectors that lie near that of the question."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from queries.filters import Filters
from queries.fusion import Candidate
from queries.questions import Models
from queries.vectors.choice import vector_index
from queries.vectors.index import VectorIndex, of_sessions
from sessiontrack.errors import UnavailableError
from sessiontrack.settings import Settings

if TYPE_CHECKING:
    from sessiontrack.providers.embedder import Vectors


@dataclass(frozen=True, slots=True)
class Near:
    """The messages that lie near a question.

    Attributes:
        ranking: The nearest first.
        passages: Of each, the passage that is nearest.
    """

    ranking: list[Candidate]
    passages: Mapping[str, str]


class Question:
    """A question whose vector is being made.

    Args:
        vector: The vector, when it is made.
        index: Where its neighbours are.
    """

    def __init__(self, vector: Future[Vectors], index: VectorIndex) -> None:
        self._vector, self._index = vector, index

    def messages(self, filters: Filters, limit: int) -> Near:
        """The messages that have the nearest passages.

        Args:
            filters: Which messages; that they are errors is not known of passages, and not looked at.
            limit: Most passages.

        Raises:
            SessionTrackError: The question can't be embedded, or the store does not answer.
        """
        chunks = self._index.nearest_chunks(self._vector.result().tolist(), replace(filters, failed=None), limit)
        ranking: dict[str, Candidate] = {}
        passages: dict[str, str] = {}
        for chunk in chunks:
            if chunk.message_id not in ranking:
                ranking[chunk.message_id] = Candidate(chunk.message_id, chunk.session_id, chunk.timestamp, chunk.score)
                passages[chunk.message_id] = chunk.text
        return Near(list(ranking.values()), passages)

    def sessions(self, filters: Filters, limit: int) -> list[Candidate]:
        """The sessions that lie nearest as a whole; none where the filters ask for what only messages have.

        Raises:
            SessionTrackError: The question can't be embedded, or the store does not answer.
        """
        if not of_sessions(filters):
            return []
        found = self._index.nearest_sessions(self._vector.result().tolist(), filters, limit)
        return [Candidate(each.session_id, each.session_id, each.last_at, each.score) for each in found]


def ask(settings: Settings, models: Models, text: str) -> Question:
    """Begins to embed a question in the space that serves.

    Args:
        settings: Which store has the vectors, and where it is.
        models: Who embeds.
        text: The question.

    Raises:
        SessionTrackError: There are no vectors yet, or nothing here makes such vectors.
    """
    space = models.serving_space(settings)
    if space is None:
        raise UnavailableError("nothing is embedded yet", hint="`sessiontrack run embed` makes the vectors.")
    return Question(models.of(space).embed(text), vector_index(settings, space))
