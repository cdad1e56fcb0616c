"""How far the rows of a session in a database, and archives, were read and acknowledged."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from producers.transcript import Transcript, TranscriptPosition, TranscriptSource

SCHEMA = """
CREATE TABLE IF NOT EXISTS generation_checkpoints (
    path BLOB NOT NULL,
    session_id TEXT NOT NULL,
    archive TEXT NOT NULL,
    stamp TEXT NOT NULL,
    position TEXT NOT NULL,
    last_seq INTEGER,
    last_sha256 TEXT,
    headed INTEGER NOT NULL,
    ended INTEGER NOT NULL,
    context_ids TEXT NOT NULL,
    PRIMARY KEY (path, session_id, archive)
) WITHOUT ROWID
"""
_COLUMNS = "path, session_id, archive, stamp, position, last_seq, last_sha256, headed, ended, context_ids"

# What tells that something changed: while it is equal, nothing is new. Empty before all was read.
GenerationStamp = tuple[int | str | None, ...]


class GenerationKey(NamedTuple):
    """What a checkpoint is of.

    Attributes:
        path: The database, or the file of an archive.
        session_id: The session.
        archive: Which of the archives in the database; empty for the rows, and for a file.
    """

    path: Path
    session_id: str
    archive: str = ""


class LastRow(NamedTuple):
    """The last row that was read.

    Attributes:
        seq: Its number, until the rows are numbered anew.
        sha256: Of its line, hex.
    """

    seq: int
    sha256: str

    @classmethod
    def of(cls, seq: int, line: bytes) -> LastRow:
        """The row with a number and a line."""
        return cls(seq, sha256(line).hexdigest())

    def is_line(self, line: bytes | None) -> bool:
        """Whether a line, if there is one, is its line."""
        return line is not None and sha256(line).hexdigest() == self.sha256


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationCheckpoint:
    """What of a generation the broker has.

    Attributes:
        key: Which generation it is.
        stamp: What it looked like when all of it was read.
        position: After the last line.
        last_row: The row of that line.
        headed: The head of just this was sent.
        ended: It is no more, and its last head was sent.
        context_ids: The context events that were last sent for the session.
    """

    key: GenerationKey
    position: TranscriptPosition
    stamp: GenerationStamp = ()
    last_row: LastRow | None = None
    headed: bool = False
    ended: bool = False
    context_ids: tuple[str, ...] = ()

    @classmethod
    def first(cls, key: GenerationKey) -> GenerationCheckpoint:
        """The one before the first line."""
        return cls(key=key, position=Transcript(TranscriptSource(session_id=key.session_id)).position)

    @property
    def live(self) -> bool:
        """Whether something of it was read, and its end was not seen."""
        return not self.ended and self.position["lines"] > 0

    def covers(self, stamp: GenerationStamp, lines: int) -> bool:
        """Whether what looks so, and has so many lines, seems to be what was read."""
        return not self.ended and self.stamp == stamp and self.position["lines"] == lines

    def is_due(self, since: int) -> bool:
        """Whether the last lines are no older than some time (epoch ms), so that they are to be sent again."""
        return self.position["lines"] > 0 and self.position["occurred_at"] >= since

    def looks_as_read(self, line_of: Callable[[str, int], bytes | None]) -> bool:
        """Whether the last row that was read is where it was, and says what it said.

        Args:
            line_of: Gives the line of a session's row by its number.
        """
        last = self.last_row
        return last is None or last.is_line(line_of(self.key.session_id, last.seq))


def load(connection: sqlite3.Connection) -> dict[GenerationKey, GenerationCheckpoint]:
    """All checkpoints, by what they are of."""
    rows = connection.execute(f"SELECT {_COLUMNS} FROM generation_checkpoints")  # noqa: S608  # a constant
    return {checkpoint.key: checkpoint for checkpoint in map(_checkpoint, rows)}


def save(
    connection: sqlite3.Connection, checkpoints: Iterable[GenerationCheckpoint], forget: Iterable[GenerationKey] = ()
) -> None:
    """Writes checkpoints, in the transaction of the caller.

    Args:
        connection: To the checkpoint file.
        checkpoints: The new ones.
        forget: What is no more, removed first.
    """
    connection.executemany(
        "DELETE FROM generation_checkpoints WHERE path = ? AND session_id = ? AND archive = ?",
        [(os.fsencode(key.path), key.session_id, key.archive) for key in forget],
    )
    connection.executemany(
        f"INSERT OR REPLACE INTO generation_checkpoints ({_COLUMNS}) "  # noqa: S608  # a constant
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        map(_row, checkpoints),
    )


def _row(checkpoint: GenerationCheckpoint) -> tuple[object, ...]:
    key, last = checkpoint.key, checkpoint.last_row
    return (
        os.fsencode(key.path),
        key.session_id,
        key.archive,
        json.dumps(checkpoint.stamp),
        json.dumps(checkpoint.position),
        last and last.seq,
        last and last.sha256,
        checkpoint.headed,
        checkpoint.ended,
        " ".join(checkpoint.context_ids),
    )


def _checkpoint(row: tuple[Any, ...]) -> GenerationCheckpoint:
    path, session_id, archive, stamp, position, last_seq, last_sha256, headed, ended, context_ids = row
    return GenerationCheckpoint(
        key=GenerationKey(Path(os.fsdecode(path)), session_id, archive),
        stamp=tuple(json.loads(stamp)),
        position=json.loads(position),
        last_row=None if last_seq is None else LastRow(last_seq, last_sha256),
        headed=bool(headed),
        ended=bool(ended),
        context_ids=tuple(context_ids.split()),
    )
