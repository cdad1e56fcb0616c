"""The vector store that the settings name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from queries.vectors.index import VectorIndex
from sessiontrack.settings import Settings


def vector_index(settings: Settings, space: str) -> VectorIndex:
    """The vectors of a space in the store `search.vectors`; imports the client of this store only.

    Args:
        settings: Which store, and where it is.
        space: The space.
    """
    match settings.search.vectors:
        case "opensearch":
            from queries.vectors.opensearch import OpenSearchVectors

            return OpenSearchVectors(settings, space)
        case "postgres":
            from queries.vectors.postgres import PostgresVectors

            return PostgresVectors(settings, space)
        case "pinecone":
            from queries.vectors.pinecone import PineconeVectors

            return PineconeVectors(settings, space)


@contextmanager
def pooled(settings: Settings) -> Iterator[None]:
    """While this lasts, connections are kept to a store of vectors that is nothing else."""
    if settings.search.vectors != "pinecone":
        yield
        return
    from queries.vectors import pinecone

    with pinecone.pooled(settings):
        yield
