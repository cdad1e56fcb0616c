"""Whether the stores that questions are asked of answer."""

from __future__ import annotations

from psycopg.sql import SQL

from queries import opensearch, postgres
from sessiontrack.errors import UnavailableError
from sessiontrack.settings import Settings


def away(settings: Settings) -> list[str]:
    """Those of postgres and opensearch that do not answer, or have nothing of ours yet."""
    missing = []
    try:
        with postgres.connected(settings) as connection:
            postgres.fetch_dicts(connection, SQL("SELECT FROM sessions LIMIT 1"), [])
    except UnavailableError:
        missing.append("postgres")
    try:
        with opensearch.connected(settings) as client:
            client.indices.get_alias(name=settings.opensearch.alias("messages"))
    except UnavailableError:
        missing.append("opensearch")
    return missing
