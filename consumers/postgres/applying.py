"""Statements that bring a batch's changes into the tables of a topic: staged by COPY, then one upsert per table."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from psycopg import AsyncCursor
from psycopg.sql import SQL, Composed, Identifier

from consumers.postgres.activity import noting_touched
from consumers.postgres.batch import Changes
from consumers.postgres.copying import copy_data
from consumers.postgres.rows import Row, Table
from schemas.topics import MESSAGES


async def stage(cursor: AsyncCursor[Row], tables: Sequence[Table]) -> None:
    """Makes the temporary tables, once for each connection: making them for each batch would bloat the catalogue."""
    statement = SQL("CREATE TEMPORARY TABLE {staged} (LIKE {table}) ON COMMIT DELETE ROWS")
    for table in tables:
        await cursor.execute(statement.format(staged=_staged(table), table=Identifier(table.name)))


async def apply(
    cursor: AsyncCursor[Row], tables: Sequence[Table], changes: Changes, *, replace_equal: bool = False
) -> None:
    """Makes changes, within a transaction.

    Args:
        cursor: Of a connection on which the first table is staged.
        tables: Those of a topic, the one with the versions first.
        changes: What goes in and what goes away.
        replace_equal: Whether a record also replaces one of its own version, wherever that stands: a repair.
    """
    owner, *parts = tables
    for table in (owner, *parts):
        await _delete(cursor, table, changes.removed)
    if not changes.records:
        return
    await _copy(cursor, owner, _staged(owner), (record.rows[0] for record in changes.records.values()))
    if replace_equal:
        await _change(cursor, owner, _make_way(owner))
    await _drop_known(cursor, owner, [record.id for record in changes.records.values() if not record.placed])
    if not parts:
        await _change(cursor, owner, _upsert(owner))
        return
    await cursor.execute(SQL("{} RETURNING {}").format(_upsert(owner), Identifier("stored", owner.record_id.name)))
    written = [record_id for (record_id,) in await cursor.fetchall()]
    for place, table in enumerate(parts, 1):
        await _delete(cursor, table, written)
        rows = (changes.records[record_id].rows[place] for record_id in written)
        await _copy(cursor, table, Identifier(table.name), rows)


async def _change(cursor: AsyncCursor[Row], table: Table, statement: Composed, parameters: Sequence[Any] = ()) -> None:
    """Makes a change of rows, called `stored` in the statement."""
    if table.topic == MESSAGES:
        statement = noting_touched(statement)
    await cursor.execute(statement, parameters)


async def _delete(cursor: AsyncCursor[Row], table: Table, ids: Collection[str]) -> None:
    if ids:
        statement = SQL("DELETE FROM {table} AS stored WHERE {id} = ANY(%s::{type}[])").format(
            table=Identifier(table.name), id=Identifier(table.record_id.name), type=SQL(table.record_id.type)
        )
        await _change(cursor, table, statement, [list(ids)])


async def _copy(cursor: AsyncCursor[Row], table: Table, into: Identifier, rows: Iterable[bytes]) -> None:
    columns = SQL(", ").join(Identifier(column.name) for column in table.columns)
    statement = SQL("COPY {into} ({columns}) FROM STDIN (FORMAT BINARY)").format(into=into, columns=columns)
    async with cursor.copy(statement) as copy:
        await copy.write(copy_data(rows))


async def _drop_known(cursor: AsyncCursor[Row], table: Table, ids: Sequence[str]) -> None:
    """Leaves out what is stored already, whatever month it stands in."""
    if ids:
        statement = SQL("DELETE FROM {staged} WHERE {id} IN (SELECT {id} FROM {table} WHERE {id} = ANY(%s::{type}[]))")
        names = {"staged": _staged(table), "table": Identifier(table.name), "id": Identifier(table.record_id.name)}
        await cursor.execute(statement.format(**names, type=SQL(table.record_id.type)), [list(ids)])


def _make_way(table: Table) -> Composed:
    """Deletes what is stored of the staged records, unless it is newer: what was altered may stand at another time."""
    return SQL("DELETE FROM {table} stored USING {staged} staged WHERE stored.{id} = staged.{id} AND {older}").format(
        table=Identifier(table.name),
        staged=_staged(table),
        id=Identifier(table.record_id.name),
        older=SQL("stored.version <= staged.version" if table.versioned else "true"),
    )


def _upsert(table: Table) -> Composed:
    """Writes what is staged and newer than what is stored."""
    return SQL("INSERT INTO {table} AS stored SELECT * FROM {staged} ON CONFLICT ({key}) DO {action}").format(
        table=Identifier(table.name),
        staged=_staged(table),
        key=SQL(", ").join(Identifier(name) for name in table.primary_key),
        action=_update(table) if table.versioned else SQL("NOTHING"),
    )


def _update(table: Table) -> Composed:
    """Replaces the whole row by a newer version."""
    names = [column.name for column in table.columns if column.name not in table.primary_key]
    return SQL("UPDATE SET {values} WHERE stored.version < excluded.version").format(
        values=SQL(", ").join(
            SQL("{name} = {value}").format(name=Identifier(name), value=Identifier("excluded", name)) for name in names
        )
    )


def _staged(table: Table) -> Identifier:
    return Identifier(f"staged_{table.name}")
