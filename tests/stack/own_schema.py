"""Tables of a test's own, in a PostgreSQL that others use as well."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import psycopg
from psycopg.sql import SQL, Identifier

from sessiontrack.settings import Settings


@contextmanager
def own_schema(settings: Settings) -> Iterator[Settings]:
    """Settings under which tables are in a schema of their own, which goes at the end."""
    schema = f"test_{uuid4().hex}"
    with psycopg.connect(settings.postgres.dsn, autocommit=True) as connection:
        connection.execute(SQL("CREATE SCHEMA {}").format(Identifier(schema)))
        # The types of the extension are in the schema that it was installed in.
        path = f"{schema},public"
        try:
            yield settings.model_copy(update={"postgres": settings.postgres.model_copy(update={"schema_name": path})})
        finally:
            connection.execute("SET client_min_messages = warning")
            connection.execute(SQL("DROP SCHEMA {} CASCADE").format(Identifier(schema)))
