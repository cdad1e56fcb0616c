"""The stores that a search looks into: OpenSearch, and PostgreSQL where that is away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from queries import opensearch, postgres
from queries.fulltext.index import FullText
from queries.fulltext.opensearch import OpenSearchText
from queries.fulltext.postgres import PostgresText
from queries.meaning import Question, ask
from queries.questions import Models, models
from sessiontrack.errors import UnavailableError
from sessiontrack.settings import SearchSettings, Settings

Answer = TypeVar("Answer")


class MeaningUnavailableError(UnavailableError):
    """Meaning alone was asked for, and can't be searched: no other store would know more."""


@dataclass(frozen=True, slots=True)
class Stores:
    """Where a search looks.

    Attributes:
        settings: Who embeds, and where the vectors are.
        text: Where the words are.
        models: Who embeds questions.
        notes: What was not as it should be when they were opened, for people.
    """

    settings: Settings
    text: FullText
    models: Models
    notes: tuple[str, ...] = ()

    def ask(self, text: str) -> Question:
        """Begins to embed a question.

        Raises:
            SessionTrackError: There are no vectors yet, or nothing here makes such vectors.
        """
        return ask(self.settings, self.models, text)


def answered(settings: Settings, run: Callable[[Stores], Answer]) -> Answer:
    """What a search comes to in OpenSearch; where that is away, in PostgreSQL, and told.

    Args:
        settings: Where the stores are.
        run: The search.

    Raises:
        UnavailableError: No store answers, or meaning alone was asked for and can't be searched.
    """
    with models(settings) as known:
        try:
            with opensearch.connected(settings) as client:
                text = OpenSearchText(client, settings.opensearch)
                return run(Stores(settings, text, known))
        except MeaningUnavailableError:
            raise
        except UnavailableError as away:
            notes = (f"answered by PostgreSQL: {away}",)
            try:
                with postgres.connected(settings) as connection:
                    return run(Stores(_without_opensearch(settings), PostgresText(connection), known, notes))
            except MeaningUnavailableError:
                raise
            except UnavailableError:
                raise away from None


def _without_opensearch(settings: Settings) -> Settings:
    if settings.search.vectors != "opensearch":
        return settings
    return settings.model_copy(update={"search": SearchSettings(vectors="postgres")})
