"""Tables beside those in use: made in a schema of their own, and moved into their place in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from psycopg import AsyncConnection, Connection
from psycopg.sql import SQL, Identifier

from consumers.postgres.activity import ACTIVITY
from consumers.postgres.rows import TABLES
from infra.migrations import upgrade
from sessiontrack.settings import Settings

# All that the sink writes, in the order in which it does: who locks them in another would hold what the sink waits for.
_WRITTEN = (*(table.name for table in TABLES), ACTIVITY.name)
# And what says which migrations made them.
ROOTS = (*_WRITTEN, "alembic_version")
# Half of the time after which PostgreSQL looks for a deadlock (`deadlock_timeout`, 1 s); readers wait no longer either.
_LONGEST_WAIT = "500ms"
_WITH_PARTITIONS = """
SELECT found.relname
FROM pg_class AS found
JOIN pg_class AS root ON root.oid = coalesce(pg_partition_root(found.oid), found.oid)
WHERE root.relnamespace = quote_ident(%s)::regnamespace AND root.relname = ANY(%s::text[])
    AND found.relkind IN ('r', 'p')
ORDER BY found.relname
"""
_GRANTS = """
SELECT format(
    'GRANT %%s ON %%I.%%I TO %%s', privilege_type, table_schema, table_name,
    CASE grantee WHEN 'PUBLIC' THEN 'PUBLIC' ELSE quote_ident(grantee) END
)
FROM information_schema.role_table_grants
WHERE table_schema = %s AND table_name = ANY(%s::text[]) AND grantee <> current_user
"""


def schema_in_use(connection: Connection[Any]) -> str:
    """The schema of the tables in use."""
    return str(_one(connection, "SELECT current_schema()"))


def schema_beside(connection: Connection[Any]) -> str:
    """The schema of the tables beside them."""
    return f"{schema_in_use(connection)}_rebuild"


def exists(connection: Connection[Any], schema: str) -> bool:
    """Whether a schema is there."""
    return _one(connection, "SELECT to_regnamespace(quote_ident(%s))", [schema]) is not None


def identity(connection: Connection[Any], schema: str) -> int | None:
    """What tells the tables of a schema from those that were there before, or will be; None where there are none."""
    found = _one(connection, "SELECT to_regclass(format('%%I.%%I', %s::text, %s::text))::oid::int8", [schema, ROOTS[0]])
    return None if found is None else int(found)


def create_beside(connection: Connection[Any], settings: Settings, schema: str) -> None:
    """Makes the tables, empty, as the migrations make them now.

    Args:
        connection: In autocommit mode.
        settings: Where PostgreSQL is.
        schema: Where they are made.
    """
    connection.execute(SQL("CREATE SCHEMA IF NOT EXISTS {}").format(Identifier(schema)))
    upgrade(in_schema(settings, schema))


def drop_beside(connection: Connection[Any], schema: str) -> None:
    """Drops a schema and all that is in it."""
    connection.execute("SET client_min_messages = warning")
    connection.execute(SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(Identifier(schema)))


def in_schema(settings: Settings, schema: str) -> Settings:
    """The settings under which connections find the tables of a schema."""
    return settings.model_copy(update={"postgres": settings.postgres.model_copy(update={"schema_name": schema})})


async def keep_writers_out(connection: AsyncConnection[Any], schema: str) -> None:
    """Locks the tables in use until the transaction ends; they can be read."""
    tables = SQL(", ").join(Identifier(schema, name) for name in _WRITTEN)
    await connection.execute(SQL("LOCK TABLE {} IN SHARE MODE").format(tables))


async def move_in(connection: AsyncConnection[Any], beside: str, schema: str, previous: str | None) -> None:
    """Moves tables into the place of those in use; within a transaction, and only catalogues change.

    Args:
        connection: A connection in a transaction.
        beside: Schema of the new tables; it goes.
        schema: Schema of the tables in use.
        previous: Schema that is made for these; they are dropped where it is None.

    Raises:
        DuplicateSchema: `previous` is there.
        QueryCanceled: Somebody reads the tables, for longer than is waited.
        DependentObjectsStillExist: A view or the like, not of ours, is made of a table in use.
    """
    await _keep_readers_out(connection, schema)
    grants = [statement for (statement,) in await _all(connection, _GRANTS, [schema, list(ROOTS)])]
    old = await _tables(connection, schema)
    if previous is None:
        roots = SQL(", ").join(Identifier(schema, name) for name in ROOTS if name in old)
        if old:
            await connection.execute(SQL("DROP TABLE {}").format(roots))
    else:
        await connection.execute(SQL("CREATE SCHEMA {}").format(Identifier(previous)))
        await _move(connection, old, schema, previous)
    await _move(connection, await _tables(connection, beside), beside, schema)
    await connection.execute(SQL("DROP SCHEMA {}").format(Identifier(beside)))
    for grant in grants:
        await connection.execute(grant)


async def _keep_readers_out(connection: AsyncConnection[Any], schema: str) -> None:
    """Locks the tables in use, all of them in one statement that gives up in time.

    Who reads several of them may hold one and wait for another that is locked here. If that lasted, PostgreSQL would
    end the one or the other.
    """
    roots = [name for name in await _tables(connection, schema) if name in ROOTS]
    if roots:
        await connection.execute(SQL("SET LOCAL statement_timeout = {}").format(_LONGEST_WAIT))
        await connection.execute(
            SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(
                SQL(", ").join(Identifier(schema, name) for name in roots)
            )
        )
        await connection.execute("SET LOCAL statement_timeout = 0")


async def _tables(connection: AsyncConnection[Any], schema: str) -> list[str]:
    return [name for (name,) in await _all(connection, _WITH_PARTITIONS, [schema, list(ROOTS)])]


async def _move(connection: AsyncConnection[Any], names: Sequence[str], old: str, new: str) -> None:
    for name in names:
        statement = SQL("ALTER TABLE {table} SET SCHEMA {schema}")
        await connection.execute(statement.format(table=Identifier(old, name), schema=Identifier(new)))


async def _all(connection: AsyncConnection[Any], query: str, parameters: Sequence[Any]) -> list[Any]:
    cursor = await connection.execute(query, parameters)
    return await cursor.fetchall()


def _one(connection: Connection[Any], query: str, parameters: Sequence[Any] = ()) -> Any:
    row = connection.execute(query, parameters or None).fetchone()
    assert row is not None
    return row[0]
