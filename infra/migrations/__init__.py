"""Tables of the relational store: Alembic migrations, run from here and not by Alembic's command."""

from __future__ import annotations

import time
from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from sqlalchemy import NullPool, create_engine

from infra.migrations.partitions import ensure_partitions
from sessiontrack.errors import UnavailableError
from sessiontrack.settings import Settings


def upgrade(settings: Settings, now: int | None = None) -> None:
    """Brings the tables up to date and makes the partitions of the coming months; safe to repeat.

    Args:
        settings: Where PostgreSQL is.
        now: Epoch milliseconds; the clock's where absent.

    Raises:
        UnavailableError: PostgreSQL does not answer.
    """
    try:
        connection = psycopg.connect(settings.postgres.dsn, autocommit=True)
    except psycopg.OperationalError as error:
        raise UnavailableError(
            f"PostgreSQL at {settings.postgres.host}:{settings.postgres.port} does not answer",
            hint="Start the stack with `sessiontrack up`.",
        ) from error
    with connection:
        # Held until the connection closes, so that of two processes one waits for the other.
        connection.execute("SELECT pg_advisory_lock(hashtext('sessiontrack.migrations'))")
        _migrate(settings)
        ensure_partitions(connection, int(time.time() * 1000) if now is None else now)


def _migrate(settings: Settings) -> None:
    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(settings.postgres.dsn), poolclass=NullPool
    )
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
