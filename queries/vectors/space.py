"""Which embedding space searches look into."""

from __future__ import annotations

from infra.opensearch import vectors
from queries.opensearch import connected
from sessiontrack.settings import Settings


def serving_space(settings: Settings) -> str | None:
    """The space whose vectors are searched: questions are embedded in it; None where nothing is embedded yet.

    Raises:
        UnavailableError: OpenSearch does not answer.
    """
    with connected(settings) as client:
        return vectors.serving_space(client, settings.opensearch)
