"""Writes an agent's database as OpenClaw 2026.9.6 does."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from itertools import count
from pathlib import Path

import zstandard

NAME = "openclaw-agent.sqlite"
# Of the schema of version 23 what transcripts are in, without the indexes and triggers that only the product needs.
_SCHEMA = """
CREATE TABLE session_nodes (
  session_key TEXT NOT NULL PRIMARY KEY, current_session_id TEXT NOT NULL, entry_json TEXT NOT NULL,
  updated_at INTEGER NOT NULL, status TEXT, parent_session_key TEXT, spawned_by TEXT, fork_source_session_key TEXT,
  fork_source_session_id TEXT, fork_source_entry_id TEXT, label TEXT, display_name TEXT, archived_at INTEGER) STRICT;
CREATE INDEX idx_agent_session_nodes_updated_at ON session_nodes(updated_at DESC, session_key);
CREATE TABLE session_windows (
  session_id TEXT NOT NULL PRIMARY KEY, session_key TEXT NOT NULL, previous_session_id TEXT, reason TEXT,
  created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, transcript_updated_at INTEGER DEFAULT NULL,
  chat_type TEXT, channel TEXT, parent_session_key TEXT, spawned_by TEXT, display_name TEXT) STRICT;
CREATE INDEX idx_agent_session_windows_updated_at ON session_windows(updated_at DESC, session_id);
CREATE TABLE transcript_events (
  session_id TEXT NOT NULL, seq INTEGER NOT NULL, event_json TEXT, created_at INTEGER NOT NULL, event_zstd BLOB,
  event_utf8_bytes INTEGER, navigation_json TEXT, PRIMARY KEY (session_id, seq),
  FOREIGN KEY (session_id) REFERENCES session_windows(session_id) ON DELETE CASCADE,
  CHECK ((event_json IS NOT NULL AND event_zstd IS NULL) OR (event_json IS NULL AND event_zstd IS NOT NULL))) STRICT;
CREATE TABLE transcript_rewrite_watermarks (
  session_id TEXT NOT NULL PRIMARY KEY, generation TEXT NOT NULL, updated_at INTEGER NOT NULL,
  FOREIGN KEY (session_id) REFERENCES session_windows(session_id) ON DELETE CASCADE) STRICT;
CREATE TABLE session_transcript_archives (
  session_id TEXT NOT NULL, generation TEXT NOT NULL, session_key TEXT NOT NULL,
  reason TEXT NOT NULL CHECK (reason IN ('deleted', 'reset')), encoding TEXT NOT NULL,
  archive_blob BLOB NOT NULL, archive_sha256 TEXT NOT NULL, archive_name TEXT NOT NULL UNIQUE,
  created_at INTEGER NOT NULL, published_at INTEGER, PRIMARY KEY (session_id, generation)) STRICT;
CREATE INDEX idx_agent_session_transcript_archives_retention
  ON session_transcript_archives(created_at, session_id, generation);
CREATE TABLE session_transcript_cold_archives (
  session_id TEXT NOT NULL PRIMARY KEY, generation TEXT NOT NULL, archive_name TEXT NOT NULL UNIQUE,
  archive_sha256 TEXT NOT NULL, event_count INTEGER NOT NULL, raw_bytes INTEGER NOT NULL,
  archive_bytes INTEGER NOT NULL, last_seq INTEGER NOT NULL, archived_at INTEGER NOT NULL, storage TEXT NOT NULL,
  archive_blob BLOB, FOREIGN KEY (session_id) REFERENCES session_windows(session_id) ON DELETE CASCADE) STRICT;
CREATE TABLE memory_session_tombstones (
  session_id TEXT NOT NULL PRIMARY KEY, agent_id TEXT NOT NULL, reason TEXT NOT NULL, created_at INTEGER NOT NULL
) STRICT;
PRAGMA user_version = 23;
"""
ARCHIVED_AT = 1_795_309_540_095
_ARCHIVED_NAME = "2026-11-22T01-05-40.095Z"


def database_in(state: Path, agent: str = "main") -> Path:
    """Where an agent's database is in a state folder."""
    return state / "agents" / agent / "agent" / NAME


class AgentDatabaseWriter:
    """What OpenClaw does to a database.

    Args:
        path: Where it is, or is made.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        made = not path.exists()
        path.parent.mkdir(parents=True, exist_ok=True)
        self.connection = sqlite3.connect(path, isolation_level=None)
        self.connection.execute("PRAGMA journal_mode = WAL")
        self.connection.execute("PRAGMA foreign_keys = ON")
        self._ticks = count(1_795_000_000_000)
        self._numbers = count()
        if made:
            self.connection.executescript(_SCHEMA)

    def close(self) -> None:
        self.connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self.connection.execute("BEGIN IMMEDIATE")
        yield
        self.connection.execute("COMMIT")

    def append(self, session_id: str, *lines: bytes, compressed: bool = False) -> None:
        """Appends rows; the lines are given with their newlines."""
        with self.transaction():
            self._open(session_id)
            self._insert(session_id, lines, compressed=compressed)

    def replace(self, session_id: str, lines: list[bytes]) -> None:
        """Rewrites all rows, as an edit in the middle does: they are numbered from 0 again."""
        with self.transaction():
            self._open(session_id)
            self.connection.execute("DELETE FROM transcript_events WHERE session_id = ?", (session_id,))
            self._insert(session_id, lines)
            self._rotate(session_id)

    def compact(self, session_id: str, keep: int) -> None:
        """Keeps the header and the last lines, as `sessions.compact` does."""
        header, *rest = self.lines(session_id)
        self.replace(session_id, [header, *(rest[-keep:] if keep else [])])

    def delete(self, session_id: str, reason: str | None = "deleted") -> None:
        """Deletes a session, and puts its transcript away for a reason, if one is given."""
        with self.transaction():
            if reason is not None:
                self.archive(session_id, reason)
            self.connection.execute("DELETE FROM session_windows WHERE session_id = ?", (session_id,))

    def archive(self, session_id: str, reason: str, encoding: str = "zstd", at: int = ARCHIVED_AT) -> str:
        """Puts a copy of a transcript away; returns the name of its file, were it published."""
        content = b"".join(self.lines(session_id))
        blob = compressed(content) if encoding == "zstd" else content
        digest, generation = sha256(blob).hexdigest(), f"{next(self._numbers):032x}"
        name = f"{session_id}.jsonl.{reason}.{_ARCHIVED_NAME}.{generation}.zst"
        self.connection.execute(
            "INSERT INTO session_transcript_archives VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)",
            (
                session_id,
                generation,
                self.key_of(session_id),
                reason,
                encoding,
                blob,
                digest,
                name,
                at,
            ),
        )
        return name

    def cool(self, session_id: str, folder: Path | None = None) -> Path | None:
        """Moves a transcript to cold storage: to a file in a folder, or to a table."""
        envelope = compressed(cold_envelope(session_id, self.lines(session_id)))
        digest = sha256(envelope).hexdigest()
        name = f"{digest}.jsonl.zst"
        path = None if folder is None else folder / name
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(envelope)
        storage, blob = ("sqlite", envelope) if path is None else ("file", None)
        rows = (session_id, "g", name, digest, 1, 0, len(envelope), 0, ARCHIVED_AT, storage, blob)
        with self.transaction():
            self.connection.execute(
                f"INSERT INTO session_transcript_cold_archives VALUES ({', '.join('?' * len(rows))})", rows
            )
            self.connection.execute("DELETE FROM transcript_events WHERE session_id = ?", (session_id,))
        return path

    def warm(self, session_id: str, lines: list[bytes]) -> None:
        """Moves a transcript back from cold storage."""
        with self.transaction():
            self.connection.execute("DELETE FROM session_transcript_cold_archives WHERE session_id = ?", (session_id,))
            self._insert(session_id, lines)

    def node(self, key: str, session_id: str, entry: dict[str, object], **columns: object) -> None:
        """Sets the entry of a session key."""
        values = {
            "session_key": key,
            "current_session_id": session_id,
            "entry_json": json.dumps({"sessionId": session_id} | entry),
            "updated_at": next(self._ticks),
        } | columns
        self._put("session_nodes", values)

    def window(self, session_id: str, key: str, **columns: object) -> None:
        """Sets what is known of a session."""
        tick = next(self._ticks)
        values = {"session_id": session_id, "session_key": key, "created_at": tick, "updated_at": tick} | columns
        self._put("session_windows", values)

    def lines(self, session_id: str) -> list[bytes]:
        """The transcript as it is: each row's JSON and a newline."""
        rows = self.connection.execute(
            "SELECT CAST(event_json AS BLOB), event_zstd FROM transcript_events WHERE session_id = ? ORDER BY seq",
            (session_id,),
        )
        return [(text if text is not None else zstandard.decompress(blob)) + b"\n" for text, blob in rows]

    def key_of(self, session_id: str) -> str:
        row = self.connection.execute("SELECT session_key FROM session_windows WHERE session_id = ?", (session_id,))
        return str(next(row)[0])

    def _open(self, session_id: str) -> None:
        tick = next(self._ticks)
        self.connection.execute(
            "INSERT INTO session_windows (session_id, session_key, created_at, updated_at) VALUES (?, ?, ?, ?) "
            "ON CONFLICT DO NOTHING",
            (session_id, f"agent:main:dashboard:{session_id}", tick, tick),
        )
        self.connection.execute(
            "INSERT INTO transcript_rewrite_watermarks VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            (session_id, f"{next(self._numbers):032x}", tick),
        )

    def _rotate(self, session_id: str) -> None:
        self.connection.execute(
            "UPDATE transcript_rewrite_watermarks SET generation = ?, updated_at = ? WHERE session_id = ?",
            (f"{next(self._numbers):032x}", next(self._ticks), session_id),
        )

    def _insert(self, session_id: str, lines: list[bytes] | tuple[bytes, ...], *, compressed: bool = False) -> None:
        (last,) = self.connection.execute(
            "SELECT max(seq) FROM transcript_events WHERE session_id = ?", (session_id,)
        ).fetchone()
        for seq, line in enumerate(lines, start=0 if last is None else last + 1):
            text = line.removesuffix(b"\n")
            blob = zstandard.ZstdCompressor(level=1).compress(text) if compressed else None
            self.connection.execute(
                "INSERT INTO transcript_events VALUES (?, ?, CAST(? AS TEXT), 1, ?, ?, NULL)",
                (session_id, seq, None if compressed else text, blob, len(text)),
            )
        self.connection.execute(
            "UPDATE session_windows SET transcript_updated_at = ? WHERE session_id = ?", (next(self._ticks), session_id)
        )

    def _put(self, table: str, values: dict[str, object]) -> None:
        columns, marks = ", ".join(values), ", ".join("?" * len(values))
        updates = ", ".join(f"{name} = excluded.{name}" for name in values)
        self.connection.execute(
            f"INSERT INTO {table} ({columns}) VALUES ({marks}) ON CONFLICT DO UPDATE SET {updates}",
            list(values.values()),
        )


def compressed(content: bytes) -> bytes:
    """As a stream is compressed: without its length in the header."""
    compressor = zstandard.ZstdCompressor().compressobj()
    return compressor.compress(content) + compressor.flush()


def cold_envelope(session_id: str, lines: list[bytes]) -> bytes:
    """What cold storage keeps of a transcript."""
    records: list[dict[str, object]] = [{"kind": "header", "version": 1, "sessionId": session_id, "generation": "g"}]
    for seq, line in enumerate(lines):
        row = {"seq": seq, "event_json": line.decode().removesuffix("\n"), "created_at": 1}
        records.append({"kind": "event", "row": row})
    records.append({"kind": "index", "row": {"indexed_seq": len(lines) - 1}})
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)
