"""Which embedding space searches look into, and how much is in a space."""

from __future__ import annotations

from psycopg.sql import SQL, Identifier

from consumers.postgres_vectors.tables import SERVING_SPACE, table_in
from infra.opensearch import vectors
from queries import opensearch, postgres
from schemas.topics import CHUNKS
from sessiontrack.settings import Settings


def serving_space(settings: Settings) -> str | None:
    """The space whose vectors are searched: questions are embedded in it; None where nothing is embedded yet.

    PostgreSQL tells it where that is searched; else OpenSearch does, for Pinecone too, which can't.

    Args:
        settings: Which store is searched, and where it is.

    Raises:
        UnavailableError: The store does not answer.
    """
    if settings.search.vectors == "postgres":
        with postgres.connected(settings) as connection:
            row = connection.execute(SERVING_SPACE).fetchone()
        return None if row is None else str(row[0])
    with opensearch.connected(settings) as client:
        return vectors.serving_space(client, settings.opensearch)


def embedded_messages(settings: Settings, space: str) -> dict[str, int]:
    """How many messages have vectors in a space, by store: every message has a first passage.

    Raises:
        UnavailableError: A store does not answer, or has not the space.
    """
    alias = settings.opensearch.alias(vectors.dataset_in(space, vectors.CHUNKS))
    with opensearch.connected(settings) as client:
        client.indices.refresh(index=alias)
        found = client.count(index=alias, body={"query": {"term": {"chunk_index": 0}}})["count"]
    query = SQL("SELECT count(*) FROM {} WHERE chunk_index = 0").format(Identifier(table_in(space, CHUNKS.name).name))
    with postgres.connected(settings) as connection:
        [(count,)] = connection.execute(query).fetchall()
    return {"OpenSearch": found, "PostgreSQL": count}
