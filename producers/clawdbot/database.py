"""Opens the SQLite database of an agent (OpenClaw from 2026.7.2 on) so that it is never changed, nor held up.

The database is in WAL mode and its owner writes to it. It is opened with `mode=ro`, and read in short transactions.
What can't be opened so without making files beside it (a folder or file that is read-only, and nobody who writes to it)
is copied first.

Source: docs/reference/database-schemas/agent-schema-history.md of OpenClaw; https://sqlite.org/wal.html#readonly.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

from producers.clawdbot.checkpoints import Stamp
from producers.clawdbot.database_snapshot import Schema, Snapshot
from sessiontrack.errors import SessionTrackError

# A writer holds its lock for milliseconds; one that takes longer is left to the next look.
_BUSY_S = 1.0
_WRITABLE_BITS = 0o222
# A copy that was disturbed by a writer is made again.
_COPY_ATTEMPTS = 3
_WAL, _SHM = "-wal", "-shm"
# Clocks of files are coarse: what was written more recently may be written again unseen.
_SETTLED_NS = 2_000_000_000
DAMAGED, UNREADABLE = "damaged", "unreadable"
_REASONS = {
    "SQLITE_BUSY": "busy",
    "SQLITE_LOCKED": "busy",
    "SQLITE_CORRUPT": DAMAGED,
    "SQLITE_NOTADB": "no database",
    "SQLITE_ERROR": "unknown schema",
}

Identity = tuple[Stamp, Stamp | None]


class DatabaseUnreadableError(SessionTrackError):
    """A database can't be read for now.

    Args:
        path: The database.
        reason: One of a few, for counting: busy, damaged, no database, unknown schema, unreadable.
        detail: What SQLite or the system says.
    """

    def __init__(self, path: Path, reason: str, detail: str) -> None:
        super().__init__(f"{path}: {detail}", hint="It is tried again when it changes.")
        self.reason = reason
        self.detail = detail


class AgentDatabase:
    """A database, read only.

    Args:
        path: Where it is.

    Attributes:
        openings: How many databases were opened in its place: what was known of one is not known of the next.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.openings = 0
        self._connection: sqlite3.Connection | None = None
        self._schema = Schema()
        self._copy: TemporaryDirectory[str] | None = None
        self._opened: Identity | tuple[int, int] | None = None
        self._version: int | None = None
        # What it looked like when it was closed for a while.
        self._rested: Identity | None = None

    def refresh(self) -> bool:
        """Opens it, or what stands in its place by now.

        Returns:
            Whether it may have changed since the last call.

        Raises:
            DatabaseUnreadableError: It can't be opened.
        """
        with self._errors():
            if not _is_writable(self.path) and not _is_shared(self.path):
                return self._refresh_copy()
            if self._rested is not None and self._rested == _identity(self.path):
                return False
            self._open_live()
            return self._version_changed()

    def rest(self) -> None:
        """Closes it until it changes: even one that only waits keeps the owner from what must be done alone."""
        with self._errors():
            if self._connection is None or self._copy is not None:
                return
            found = _identity(self.path)
            if (
                time.time_ns() - max(stamp.modified_ns for stamp in found if stamp) < _SETTLED_NS
                or self._version_changed()
            ):
                # Seen by the next refresh.
                self._version = None
                return
            self._connection.close()
            self._connection, self._rested = None, found

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """A view of one moment. Short: while it is held, the owner's log can't be shortened.

        Raises:
            DatabaseUnreadableError: It can't be read.
        """
        with self._errors():
            connection = self._connection or self._open_live()
            connection.execute("BEGIN")
            try:
                yield Snapshot(connection, self._schema)
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    def close(self) -> None:
        """Closes it; it may be refreshed again."""
        if self._connection is not None:
            self._connection.close()
        if self._copy is not None:
            self._copy.cleanup()
        self._connection = self._copy = self._opened = self._version = self._rested = None

    def _open_live(self) -> sqlite3.Connection:
        stat = self.path.stat()
        identity = (stat.st_dev, stat.st_ino)
        if self._connection is not None and self._opened == identity:
            return self._connection
        if self._copy is not None:
            self._copy.cleanup()
            self._copy = None
        self.openings += self._opened != identity
        connection = self._open(self.path, "ro")
        self._opened = identity
        return connection

    def _open(self, path: Path, mode: str) -> sqlite3.Connection:
        self._rested = None
        if self._connection is not None:
            self._connection.close()
        # Read by worker threads, one at a time.
        self._connection = sqlite3.connect(
            f"file:{quote(str(path))}?mode={mode}",
            uri=True,
            timeout=_BUSY_S,
            isolation_level=None,
            check_same_thread=False,
        )
        self._connection.text_factory = lambda text: text.decode("utf-8", "replace")
        self._version = None
        self._schema = Schema.of(self._connection)
        if not self._schema.is_known:
            detail = "it has no table transcript_events with session_id, seq and event_json"
            raise DatabaseUnreadableError(self.path, "unknown schema", detail)
        return self._connection

    def _version_changed(self) -> bool:
        assert self._connection is not None
        before = self._version
        (self._version,) = self._connection.execute("PRAGMA data_version").fetchone()
        return self._version != before

    def _refresh_copy(self) -> bool:
        found = _identity(self.path)
        if self._connection is not None and self._opened == found:
            return False
        self.close()
        self._copy = TemporaryDirectory(prefix="sessiontrack-")
        for _ in range(_COPY_ATTEMPTS):
            copy = _copied(self.path, Path(self._copy.name))
            before, found = found, _identity(self.path)
            if before == found:
                self._open(copy, "rw")
                self._opened = found
                self.openings += 1
                return True
        raise DatabaseUnreadableError(self.path, "busy", "it changes while it is copied")

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except DatabaseUnreadableError:
            self.close()
            raise
        except sqlite3.Error as error:
            self.close()
            name = getattr(error, "sqlite_errorname", "")
            reason = next((reason for prefix, reason in _REASONS.items() if name.startswith(prefix)), UNREADABLE)
            raise DatabaseUnreadableError(self.path, reason, str(error)) from error
        except OSError as error:
            self.close()
            raise DatabaseUnreadableError(self.path, UNREADABLE, error.strerror or str(error)) from error


def _is_writable(path: Path) -> bool:
    """Whether SQLite can make its files beside it; the bits count for root too, who may write anything."""
    return all(os.access(each, os.W_OK) and each.stat().st_mode & _WRITABLE_BITS for each in (path.parent, path))


def _is_shared(path: Path) -> bool:
    """Whether all that its owner keeps beside it is there, and we can change nothing: as in a folder mounted read-only.

    SQLite then reads it as it is written.
    """
    beside = [path.with_name(path.name + suffix) for suffix in (_WAL, _SHM)]
    return all(each.exists() and not os.access(each, os.W_OK) for each in (path, *beside))


def _identity(path: Path) -> Identity:
    wal = path.with_name(path.name + _WAL)
    return Stamp.of(path.stat()), Stamp.of(wal.stat()) if wal.exists() else None


def _copied(path: Path, folder: Path) -> Path:
    for name in (path.name + _WAL, path.name):
        source, target = path.with_name(name), folder / name
        target.unlink(missing_ok=True)
        if source.exists():
            shutil.copyfile(source, target)
    return folder / path.name
