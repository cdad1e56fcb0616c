"""The vector store that the settings name."""

from __future__ import annotations

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
