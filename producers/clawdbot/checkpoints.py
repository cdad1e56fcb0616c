"""How far each transcript was read and acknowledged: a SQLite file that outlives the process."""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, Self, TextIO

from producers.clawdbot import generation_checkpoints
from producers.clawdbot.generation_checkpoints import GenerationCheckpoint, GenerationKey
from producers.transcript import TranscriptPosition
from sessiontrack.errors import TransientError, UnavailableError, UsageError
from sessiontrack.folders import private_folder

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
    def key(self) -> Path:
        """What it is of."""
        return self.path

    @property
    def end(self) -> TranscriptPosition:
        """Where the generation ends that was sent."""
        return self.torn_position or self.position


CheckpointKey = Path | GenerationKey
AnyCheckpoint = Checkpoint | GenerationCheckpoint


class CheckpointStore:
    """The checkpoints of one data folder. A kill at any moment leaves the last complete write.

    Args:
        folder: Where the file is; made where it is missing.

    Raises:
        UnavailableError: The file can't be written, as when the disk is full.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # A write goes on when what waits for it is cancelled, and SQLite crashes where it is closed beneath one.
        self._in_use = Lock()
        try:
            self._open(folder)
        except (sqlite3.Error, OSError) as error:
            raise UnavailableError(
                f"the checkpoints in {folder} can't be opened: {error}",
                hint="Make room on that disk, or remove the file: all is sent again then, and readers drop repeats.",
            ) from error

    def _open(self, folder: Path) -> None:
        private_folder(folder)
        # Writes come from a worker thread, one at a time.
        self._connection = sqlite3.connect(folder / "checkpoints.sqlite", isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode = WAL")
        # A power failure may lose the last writes, never the file: what is lost is sent again.
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.execute(_SCHEMA)
        self._connection.execute(generation_checkpoints.SCHEMA)

    def load(self) -> dict[Path, Checkpoint]:
        """The checkpoints of files, by path."""
        rows = self._connection.execute(f"SELECT {_COLUMNS} FROM checkpoints")  # noqa: S608  # a constant
        return {checkpoint.path: checkpoint for checkpoint in map(_checkpoint, rows)}

    def load_generations(self) -> dict[GenerationKey, GenerationCheckpoint]:
        """The checkpoints of sessions in databases and of archives."""
        return generation_checkpoints.load(self._connection)

    def save(self, checkpoints: Iterable[AnyCheckpoint], *, forget: Iterable[CheckpointKey] = ()) -> None:
        """Writes checkpoints in one transaction.

        Args:
            checkpoints: The new ones.
            forget: What is no more, removed first.

        Raises:
            TransientError: They can't be written for now, as when the disk is full: nothing is changed.
        """
        try:
            with self._in_use:
                self._save(list(checkpoints), list(forget))
        except sqlite3.OperationalError as error:
            raise TransientError(f"{self._folder}: {error}", hint="Make room on that disk.") from error

    def _save(self, checkpoints: list[AnyCheckpoint], forget: list[CheckpointKey]) -> None:
        with self._transaction():
            self._connection.executemany(
                "DELETE FROM checkpoints WHERE path = ?",
                [(os.fsencode(key),) for key in forget if isinstance(key, Path)],
            )
            self._connection.executemany(
                f"INSERT OR REPLACE INTO checkpoints ({_COLUMNS}) "  # noqa: S608  # a constant
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [_row(each) for each in checkpoints if isinstance(each, Checkpoint)],
            )
            generation_checkpoints.save(
                self._connection,
                [each for each in checkpoints if isinstance(each, GenerationCheckpoint)],
                [key for key in forget if isinstance(key, GenerationKey)],
            )

    def close(self) -> None:
        """Closes the file, after a write that is under way."""
        with self._in_use:
            self._connection.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            # A full disk may have rolled it back already.
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise


@contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Holds a data folder for this process; the system lets go of it when the process ends, however it ends.

    Raises:
        UsageError: Another capture holds it.
    """
    private_folder(folder)
    with (folder / "lock").open("a+", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageError(
                f"another capture{_holder(lock)} works with {folder}",
                hint="Stop it first, or give this one a data folder of its own (SESSIONTRACK_DATA_DIR).",
            ) from None
        # The process id is for people: on a full disk it is left out.
        with suppress(OSError):
            os.ftruncate(lock.fileno(), 0)
            os.write(lock.fileno(), str(os.getpid()).encode())
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
