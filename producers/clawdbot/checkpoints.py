"""How far each transcript was read and acknowledged: a SQLite file that outlives the process."""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TextIO

from producers.transcript import TranscriptPosition
from sessiontrack.errors import UsageError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS checkpoints (
    path BLOB PRIMARY KEY,
    session_id TEXT NOT NULL,
    agent_id TEXT,
    device INTEGER NOT NULL,
    inode INTEGER NOT NULL,
    size INTEGER NOT NULL,
    modified_ns INTEGER NOT NULL,
    position TEXT NOT NULL,
    torn_position TEXT,
    headed INTEGER NOT NULL,
    context_ids TEXT NOT NULL
) WITHOUT ROWID
"""
_COLUMNS = "path, session_id, agent_id, device, inode, size, modified_ns, position, torn_position, headed, context_ids"


@dataclass(frozen=True, slots=True)
class Stamp:
    """What the file system says of a file's content: while it is equal, the file is unchanged."""

    device: int
    inode: int
    size: int
    modified_ns: int

    @classmethod
    def of(cls, stat: os.stat_result) -> Self:
        """The stamp of a file."""
        return cls(stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """What of a transcript the broker has.

    Attributes:
        path: The file.
        session_id: Its session.
        agent_id: Its agent.
        stamp: The file when it was read.
        position: After its last complete line.
        torn_position: After an unterminated last line, if that was sent too.
        headed: The head of just this was sent.
        context_ids: The context events that were last sent for the session.
    """

    path: Path
    session_id: str
    agent_id: str | None
    stamp: Stamp
    position: TranscriptPosition
    torn_position: TranscriptPosition | None = None
    headed: bool = False
    context_ids: tuple[str, ...] = ()

    @property
    def end(self) -> TranscriptPosition:
        """Where the generation ends that was sent."""
        return self.torn_position or self.position


class CheckpointStore:
    """The checkpoints of one data folder. A kill at any moment leaves the last complete write.

    Args:
        folder: Where the file is; made where it is missing.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Writes come from a worker thread, one at a time.
        self._connection = sqlite3.connect(folder / "checkpoints.sqlite", isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode = WAL")
        # A power failure may lose the last writes, never the file: what is lost is sent again.
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.execute(_SCHEMA)

    def load(self) -> dict[Path, Checkpoint]:
        """All checkpoints, by path."""
        rows = self._connection.execute(f"SELECT {_COLUMNS} FROM checkpoints")  # noqa: S608  # a constant
        return {checkpoint.path: checkpoint for checkpoint in map(_checkpoint, rows)}

    def save(self, checkpoints: Iterable[Checkpoint], *, forget: Iterable[Path] = ()) -> None:
        """Writes checkpoints in one transaction.

        Args:
            checkpoints: The new ones.
            forget: Files that are no more, removed first.
        """
        with self._transaction():
            self._connection.executemany(
                "DELETE FROM checkpoints WHERE path = ?", [(os.fsencode(path),) for path in forget]
            )
            self._connection.executemany(
                f"INSERT OR REPLACE INTO checkpoints ({_COLUMNS}) "  # noqa: S608  # a constant
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                map(_row, checkpoints),
            )

    def close(self) -> None:
        """Closes the file."""
        self._connection.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")


@contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Holds a data folder for this process; the system lets go of it when the process ends, however it ends.

    Raises:
        UsageError: Another capture holds it.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / "lock").open("a+", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageError(
                f"another capture{_holder(lock)} works with {folder}",
                hint="Stop it first, or give this one a data folder of its own (SESSIONTRACK_DATA_DIR).",
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def _holder(lock: TextIO) -> str:
    lock.seek(0)
    pid = lock.read()
    return f" (process {pid})" if pid else ""


def _row(checkpoint: Checkpoint) -> tuple[object, ...]:
    stamp, torn = checkpoint.stamp, checkpoint.torn_position
    return (
        os.fsencode(checkpoint.path),
        checkpoint.session_id,
        checkpoint.agent_id,
        stamp.device,
        # SQLite's integers are signed.
        stamp.inode - (1 << 63),
        stamp.size,
        stamp.modified_ns,
        json.dumps(checkpoint.position),
        None if torn is None else json.dumps(torn),
        checkpoint.headed,
        " ".join(checkpoint.context_ids),
    )


def _checkpoint(row: tuple[Any, ...]) -> Checkpoint:
    path, session_id, agent_id, device, inode, size, modified_ns, position, torn, headed, context_ids = row
    return Checkpoint(
        path=Path(os.fsdecode(path)),
        session_id=session_id,
        agent_id=agent_id,
        stamp=Stamp(device, inode + (1 << 63), size, modified_ns),
        position=json.loads(position),
        torn_position=None if torn is None else json.loads(torn),
        headed=bool(headed),
        context_ids=tuple(context_ids.split()),
    )
