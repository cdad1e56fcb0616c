"""Tables of a test's own, in a PostgreSQL that others use as well."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import psycopg
from psycopg.sql import SQL, Identifier

from infra.migrations import upgrade
from sessiontrack.settings import Settings


@contextmanager
def own_schema(settings: Settings, *, migrated: bool = False) -> Iterator[Settings]:
    """Settings under which tables are in a schema of their own, which goes at the end.

    Args:
        settings: Of the stack.
        migrated: Whether it has all tables.
    """
    schema = f"test_{uuid4().hex}"
    with psycopg.connect(settings.postgres.dsn, autocommit=True) as connection:
        connection.execute(SQL("CREATE SCHEMA {}").format(Identifier(schema)))
        try:
            if migrated:
                # In `public` the tables may be there already, and would do.
                upgrade(_with_path(settings, schema))
            # The types of the extension are in the schema that it was installed in.
            yield _with_path(settings, f"{schema},public")
        finally:
            connection.execute("SET client_min_messages = warning")
            connection.execute(SQL("DROP SCHEMA {} CASCADE").format(Identifier(schema)))


def _with_path(settings: Settings, path: str) -> Settings:
    return settings.model_copy(update={"postgres": settings.postgres.model_copy(update={"schema_name": path})})
