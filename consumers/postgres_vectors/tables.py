"""The tables of an embedding space, and the statements that make them. Pure.

They are no migration: a space is made when its first record comes. One space serves searches: the views `chunks` and
`session_vectors` show its tables.
"""

from __future__ import annotations

from collections.abc import Iterator

from psycopg.sql import SQL, Composed, Identifier, Literal

from consumers.postgres.rows import Column, Table, record_table
from schemas.topics import CHUNKS, SESSION_VECTORS
from schemas.vectors import space_dimensions, space_slug

VIEWS = {CHUNKS.name: "chunks", SESSION_VECTORS.name: "session_vectors"}
_KEYS = {CHUNKS.name: "chunk_id", SESSION_VECTORS.name: "session_id"}
# Beyond it pgvector builds no graph of halves: such vectors are compared one by one.
_MOST_DIMENSIONS_OF_A_GRAPH = 4_000
# Stands at the end of a table's and a view's comment, before the name of the space.
_MARK = "Space: "
_SPACE_OF = SQL("substring(obj_description(oid, 'pg_class') FROM {})").format(Literal(f"{_MARK}(.+)$"))

KNOWN_SPACES = SQL(
    "SELECT {space} FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'"
    " AND starts_with(relname, {prefix}) AND {space} IS NOT NULL"
).format(space=_SPACE_OF, prefix=Literal("chunks_"))
"""Query for the spaces that have tables."""
SERVING_SPACE = SQL(
    "SELECT {space} FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind = 'v'"
    " AND relname = {view}"
).format(space=_SPACE_OF, view=Literal(VIEWS[CHUNKS.name]))
"""Query for the space that searches look into; no row where none is made yet."""
# Workers that meet a new space at the same time make it one after the other.
LOCK = SQL("SELECT pg_advisory_xact_lock(hashtext('sessiontrack.spaces'))")


def table_in(space: str, topic: str) -> Table:
    """The table of a topic's records of a space.

    Args:
        space: The space.
        topic: Name of the topic.
    """
    name = f"{VIEWS[topic]}_{space_slug(space).replace('-', '_')}"
    return record_table(name, _TOPICS[topic], _KEYS[topic])


def tables_in(space: str) -> list[Table]:
    """The tables of a space."""
    return [table_in(space, topic) for topic in VIEWS]


def making(space: str) -> Iterator[Composed]:
    """Statements that make the tables of a space where they are missing.

    Raises:
        ValueError: It is no name of a space.
    """
    dimensions = space_dimensions(space)
    for table in tables_in(space):
        name = Identifier(table.name)
        columns = SQL(", ").join(_definition(column, dimensions) for column in table.columns)
        yield SQL("CREATE TABLE IF NOT EXISTS {} ({}, PRIMARY KEY ({}))").format(
            name, columns, Identifier(table.record_id.name)
        )
        yield _comment("TABLE", table.name, table, space)
        for column in table.columns:
            yield SQL("COMMENT ON COLUMN {} IS {}").format(Identifier(table.name, column.name), Literal(column.comment))
        yield from _indexes(table, dimensions)


def serving(space: str) -> Iterator[Composed]:
    """Statements that let searches look into a space, and no longer into another; for one transaction."""
    for table in tables_in(space):
        view = Identifier(VIEWS[table.topic.name])
        # Its vectors may be of another length now, and then it can't be replaced.
        yield SQL("DROP VIEW IF EXISTS {}").format(view)
        yield SQL("CREATE VIEW {} AS SELECT * FROM {}").format(view, Identifier(table.name))
        yield _comment("VIEW", VIEWS[table.topic.name], table, space)


def dropping(space: str) -> Iterator[Composed]:
    """Statements that drop the tables of a space, which must not be the one that serves."""
    for table in tables_in(space):
        yield SQL("DROP TABLE IF EXISTS {}").format(Identifier(table.name))


def _definition(column: Column, dimensions: int) -> Composed:
    types = {"text": 'text COLLATE "C"', "halfvec": f"halfvec({dimensions})"}
    null = SQL("") if column.nullable else SQL(" NOT NULL")
    return SQL("{} {}{}").format(Identifier(column.name), SQL(types.get(column.type, column.type)), null)


def _comment(kind: str, name: str, table: Table, space: str) -> Composed:
    comment = Literal(f"{table.comment} {_MARK}{space}")
    return SQL("COMMENT ON {} {} IS {}").format(SQL(kind), Identifier(name), comment)


def _indexes(table: Table, dimensions: int) -> Iterator[Composed]:
    yield SQL("CREATE INDEX IF NOT EXISTS {} ON {} (session_id)").format(
        Identifier(f"{table.name}_session"), Identifier(table.name)
    )
    if dimensions <= _MOST_DIMENSIONS_OF_A_GRAPH:
        yield SQL("CREATE INDEX IF NOT EXISTS {} ON {} USING hnsw (vector halfvec_ip_ops)").format(
            Identifier(f"{table.name}_vector"), Identifier(table.name)
        )


_TOPICS = {topic.name: topic for topic in (CHUNKS, SESSION_VECTORS)}
