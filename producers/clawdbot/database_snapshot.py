"""What an agent's database says at one moment: the queries, and nothing but the queries.

Source: the schema of OpenClaw 2026.9.6 (`PRAGMA user_version` 23). Only `transcript_events` with `session_id`, `seq`
and `event_json` is needed; of the rest each version has what it has.

None of the queries that are made at each change walks over all rows: `rowid` grows with each inserted row, and the
other conditions have indexes, but for the watermarks, of which there is one small row for each session.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, NamedTuple

from producers.clawdbot.compressed import decompressed_row
from producers.clawdbot.generation_checkpoints import GenerationStamp
from sessiontrack.errors import TerminalError

_NEEDED = frozenset({"session_id", "seq", "event_json"})
# No others are asked for their columns: a virtual one may need a module that is not there.
_TABLES = (
    "transcript_events",
    "transcript_rewrite_watermarks",
    "session_nodes",
    "session_windows",
    "session_transcript_archives",
    "session_transcript_cold_archives",
    "memory_session_tombstones",
    "schema_meta",
)
_BLOCK_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Schema:
    """The tables and their columns."""

    columns: frozenset[tuple[str, str]] = frozenset()

    @classmethod
    def of(cls, connection: sqlite3.Connection) -> Schema:
        """The schema of a database."""
        query = "SELECT c.name FROM sqlite_schema t, pragma_table_info(t.name) c WHERE t.type = 'table' AND t.name = ?"
        found = [(table, column) for table in _TABLES for (column,) in connection.execute(query, (table,))]
        return cls(frozenset(found))

    @property
    def is_known(self) -> bool:
        """Whether transcripts can be read of it."""
        return all(self.has("transcript_events", column) for column in _NEEDED)

    def has(self, table: str, column: str) -> bool:
        """Whether there is a column."""
        return (table, column) in self.columns


class Newest(NamedTuple):
    """The row that was inserted last; all zero where there is none."""

    rowid: int = 0
    session_id: str = ""
    seq: int = 0
    created_at: int = 0


class Watermark(NamedTuple):
    """Changes when a session's rows are replaced, and not when rows are appended."""

    session_id: str
    generation: str
    updated_at: int


class ArchiveRow(NamedTuple):
    """A transcript that was put away in the database, less its content."""

    rowid: int
    session_id: str
    generation: str
    created_at: int


class Snapshot:
    """One moment of a database.

    Args:
        connection: In a transaction.
        schema: Its schema.
    """

    def __init__(self, connection: sqlite3.Connection, schema: Schema) -> None:
        self._connection = connection
        self.schema = schema

    def rows(self, session_id: str, after: int | None) -> Iterator[tuple[int, bytes]]:
        """The rows of a session in order: each one's number, and its stored JSON plus a newline.

        A row that can't be decompressed is given as it is stored.

        Args:
            session_id: The session.
            after: Number of the row before the first one; None for all.
        """
        condition = "" if after is None else "AND seq > ?"
        found = self._connection.execute(
            f"SELECT seq, CAST(event_json AS BLOB), {self._column('transcript_events', 'event_zstd')} "  # noqa: S608
            f"FROM transcript_events WHERE session_id = ? {condition} ORDER BY seq",
            (session_id,) if after is None else (session_id, after),
        )
        for seq, text, compressed in found:
            yield seq, _line(text, compressed)

    def line(self, session_id: str, seq: int) -> bytes | None:
        """The line of one row; None where there is no such row."""
        row = next(self.rows(session_id, seq - 1), None)
        return row[1] if row is not None and row[0] == seq else None

    def session_ids(self) -> set[str]:
        """The sessions that have rows."""
        return {
            session_id
            for (session_id,) in self._connection.execute("SELECT DISTINCT session_id FROM transcript_events")
        }

    def row_counts(self) -> dict[str, int]:
        """How many rows each session has. Walks over an index of all rows."""
        return dict(self._connection.execute("SELECT session_id, count(*) FROM transcript_events GROUP BY session_id"))

    def row_count(self, session_id: str) -> int:
        """How many rows a session has."""
        query = "SELECT count(*) FROM transcript_events WHERE session_id = ?"
        return int(self._connection.execute(query, (session_id,)).fetchone()[0])

    def stamp(self, session_id: str) -> GenerationStamp:
        """What tells that rows of a session were appended or replaced, without looking at them all."""
        last = self._connection.execute(
            "SELECT seq, rowid FROM transcript_events WHERE session_id = ? ORDER BY seq DESC LIMIT 1", (session_id,)
        ).fetchone()
        return (*(last or (None, None)), self.generation(session_id), self._touched_at(session_id))

    def generation(self, session_id: str) -> str | None:
        """The watermark of a session, if there is one."""
        found: str | None = self._value("transcript_rewrite_watermarks", "generation", session_id)
        return found

    def has_rows(self, session_id: str) -> bool:
        """Whether a session has rows."""
        return self._value("transcript_events", "session_id", session_id) is not None

    def is_gone(self, session_id: str) -> bool:
        """Whether a session has no rows because it was deleted, or moved to cold storage."""
        if self.has_rows(session_id):
            return False
        return self.is_cold(session_id) or self._value("session_windows", "session_id", session_id) is None

    def newest(self) -> Newest:
        """The row that was inserted last."""
        created_at = self._column("transcript_events", "created_at")
        row = self._connection.execute(
            f"SELECT rowid, session_id, seq, {created_at} FROM transcript_events ORDER BY rowid DESC LIMIT 1"  # noqa: S608
        ).fetchone()
        return Newest(*row) if row else Newest()

    def still_has(self, newest: Newest) -> bool:
        """Whether a row that was the newest is where it was."""
        created_at = self._column("transcript_events", "created_at")
        row = self._connection.execute(
            f"SELECT rowid, session_id, seq, {created_at} FROM transcript_events WHERE rowid = ?",  # noqa: S608
            (newest.rowid,),
        ).fetchone()
        return (Newest(*row) if row else Newest()) == newest

    def inserted_after(self, rowid: int) -> set[str]:
        """The sessions of the rows that were inserted after one."""
        # By the table itself: for the sake of DISTINCT the planner would walk over an index of all rows.
        query = "SELECT session_id FROM transcript_events NOT INDEXED WHERE rowid > ?"
        return {session_id for (session_id,) in self._connection.execute(query, (rowid,))}

    def watermarks(self, since: int) -> list[Watermark]:
        """The watermarks that were set at some time (epoch milliseconds) or later."""
        if not self.schema.has("transcript_rewrite_watermarks", "updated_at"):
            return []
        query = "SELECT session_id, generation, updated_at FROM transcript_rewrite_watermarks WHERE updated_at >= ?"
        return [Watermark(*row) for row in self._connection.execute(query, (since,))]

    def watermark_count(self) -> int:
        """How many sessions have a watermark."""
        if not self.schema.has("transcript_rewrite_watermarks", "updated_at"):
            return 0
        return int(self._connection.execute("SELECT count(*) FROM transcript_rewrite_watermarks").fetchone()[0])

    def archives(self) -> list[ArchiveRow]:
        """The archives that the database holds."""
        if not self.schema.has("session_transcript_archives", "archive_blob"):
            return []
        # Just the columns of an index: the rows are as large as transcripts.
        query = "SELECT rowid, session_id, generation, created_at FROM session_transcript_archives ORDER BY created_at"
        return [ArchiveRow(*row) for row in self._connection.execute(query)]

    def newest_archive(self) -> int:
        """The `rowid` of the archive that was made last, 0 where there is none."""
        if not self.schema.has("session_transcript_archives", "archive_blob"):
            return 0
        return int(self._connection.execute("SELECT max(rowid) FROM session_transcript_archives").fetchone()[0] or 0)

    def cold_archives(self) -> list[ArchiveRow]:
        """The transcripts in cold storage that the database holds itself."""
        if not self.schema.has("session_transcript_cold_archives", "archive_blob"):
            return []
        query = (
            "SELECT rowid, session_id, generation, archived_at FROM session_transcript_cold_archives "
            "WHERE storage = 'sqlite'"
        )
        return [ArchiveRow(*row) for row in self._connection.execute(query)]

    def is_cold(self, session_id: str) -> bool:
        """Whether a session's rows were moved to cold storage."""
        return self._value("session_transcript_cold_archives", "session_id", session_id) is not None

    def values(self, table: str, columns: tuple[str, ...], condition: str, *arguments: object) -> list[dict[str, Any]]:
        """Rows of a table; columns that this version does not have are None.

        Args:
            table: The table; where it is missing there are no rows.
            columns: The columns; the first must be there.
            condition: What follows WHERE.
            arguments: Its parameters.
        """
        if not self.schema.has(table, columns[0]):
            return []
        selected = ", ".join(self._column(table, column) for column in columns)
        found = self._connection.execute(f"SELECT {selected} FROM {table} WHERE {condition}", arguments)  # noqa: S608
        return [dict(zip(columns, row, strict=True)) for row in found]

    def copy_blob(self, table: str, rowid: int, target: BinaryIO) -> None:
        """Copies the content of an archive, in blocks."""
        with self._connection.blobopen(table, "archive_blob", rowid, readonly=True) as blob:
            while block := blob.read(_BLOCK_BYTES):
                target.write(block)

    def _touched_at(self, session_id: str) -> int | None:
        found: int | None = self._value("session_windows", "transcript_updated_at", session_id)
        return found

    def _value(self, table: str, column: str, session_id: str) -> Any:
        if not self.schema.has(table, column):
            return None
        query = f"SELECT {column} FROM {table} WHERE session_id = ? LIMIT 1"  # noqa: S608
        row = self._connection.execute(query, (session_id,)).fetchone()
        return row and row[0]

    def _column(self, table: str, column: str) -> str:
        return column if self.schema.has(table, column) else f"NULL AS {column}"


def _line(text: bytes | None, compressed: bytes | None) -> bytes:
    if text is not None:
        return text + b"\n"
    stored = compressed or b""
    try:
        return decompressed_row(stored) + b"\n"
    except TerminalError:
        # Better kept as it is than lost: its line is one that can't be parsed.
        return stored + b"\n"
