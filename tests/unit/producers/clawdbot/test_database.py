"""A database is opened so that it is neither changed nor held up, and says what is wrong where it can't be."""

from __future__ import annotations

import os
import signal
import sqlite3
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from producers.clawdbot.database import AgentDatabase, DatabaseUnreadableError
from tests.unit.producers.clawdbot.agent_database import NAME, AgentDatabaseWriter, database_in
from tests.unit.producers.clawdbot.writing import SESSION, header, message

_NOBODY = 65534


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = database_in(tmp_path)
    writer = AgentDatabaseWriter(path)
    writer.append(SESSION, header())
    writer.close()
    return path


def lines(database: AgentDatabase) -> list[bytes]:
    with database.snapshot() as snapshot:
        return [line for _, line in snapshot.rows(SESSION, None)]


def reason(database: AgentDatabase) -> str:
    with pytest.raises(DatabaseUnreadableError) as caught:
        database.refresh()
    return caught.value.reason


def test_it_tells_whether_something_may_have_changed(path: Path) -> None:
    database = AgentDatabase(path)
    assert database.refresh()
    assert not database.refresh()
    writer = AgentDatabaseWriter(path)
    writer.append(SESSION, message(1))
    assert database.refresh()
    assert lines(database) == [header(), message(1)]
    writer.close()
    database.close()


def test_reading_does_not_keep_the_owner_from_shortening_its_log(path: Path) -> None:
    database = AgentDatabase(path)
    database.refresh()
    assert lines(database) == [header()]
    writer = AgentDatabaseWriter(path)
    writer.append(SESSION, message(1))
    busy, _, _ = writer.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    assert busy == 0
    writer.close()
    database.close()


def test_at_rest_it_keeps_the_owner_from_nothing_and_sees_what_changes(path: Path) -> None:
    database = AgentDatabase(path)
    database.refresh()
    for each in path.parent.iterdir():
        os.utime(each, (1, 1))
    database.rest()
    assert not database.refresh()
    writer = AgentDatabaseWriter(path)
    assert writer.connection.execute("PRAGMA journal_mode = DELETE").fetchone() == ("delete",)
    writer.connection.execute("PRAGMA journal_mode = WAL")
    writer.append(SESSION, message(1))
    assert database.refresh()
    assert lines(database) == [header(), message(1)]
    assert database.openings == 1
    writer.close()
    database.close()


def test_what_was_just_written_is_not_at_rest(path: Path) -> None:
    database = AgentDatabase(path)
    database.refresh()
    writer = AgentDatabaseWriter(path)
    writer.append(SESSION, message(1))
    database.rest()
    assert database.refresh()
    assert lines(database) == [header(), message(1)]
    writer.close()
    database.close()


@pytest.mark.parametrize("read_only", ["file", "folder"])
def test_what_is_read_only_is_read_from_a_copy_and_nothing_is_made_beside_it(path: Path, read_only: str) -> None:
    target = path if read_only == "file" else path.parent
    target.chmod(0o444 if read_only == "file" else 0o555)
    before = sorted(os.listdir(path.parent))
    database = AgentDatabase(path)
    assert database.refresh()
    assert lines(database) == [header()]
    assert not database.refresh()
    assert sorted(os.listdir(path.parent)) == before
    database.close()
    target.chmod(0o755)


def test_the_log_of_a_read_only_copy_counts(path: Path, tmp_path: Path) -> None:
    writer = AgentDatabaseWriter(path)
    writer.append(SESSION, message(1))
    copy = tmp_path / "copy"
    copy.mkdir()
    for each in path.parent.iterdir():
        if not each.name.endswith("-shm"):
            (copy / each.name).write_bytes(each.read_bytes())
    (copy / path.name).chmod(0o444)
    database = AgentDatabase(copy / path.name)
    database.refresh()
    assert lines(database) == [header(), message(1)]
    database.close()
    writer.close()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can read as somebody else")
def test_a_database_that_others_write_to_is_read_where_it_is() -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / NAME
        writer = AgentDatabaseWriter(path)
        writer.append(SESSION, header())
        for each in Path(folder).iterdir():
            each.chmod(0o444)
        Path(folder).chmod(0o555)
        here, there = os.pipe()
        child = os.fork()
        if child == 0:
            _read_as_nobody(path, there)
        os.close(there)
        assert _until_nul(here) == header()
        os.waitpid(child, os.WUNTRACED)
        writer.append(SESSION, message(1))
        os.kill(child, signal.SIGCONT)
        assert _until_nul(here) == header() + message(1)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(here)
        writer.close()


def _read_as_nobody(path: Path, pipe: int) -> None:
    """Writes what it reads, and waits to be woken to read again; never returns."""
    try:
        os.setuid(_NOBODY)
        database = AgentDatabase(path)
        for _ in range(2):
            database.refresh()
            assert database._copy is None
            os.write(pipe, b"".join(lines(database)) + b"\x00")
            os.kill(os.getpid(), signal.SIGSTOP)
    finally:
        os._exit(1)


def _until_nul(pipe: int) -> bytes:
    data = b""
    while not data.endswith(b"\x00") and (block := os.read(pipe, 4096)):
        data += block
    return data.removesuffix(b"\x00")


def test_another_database_in_its_place_is_opened(path: Path, tmp_path: Path) -> None:
    database = AgentDatabase(path)
    database.refresh()
    other = AgentDatabaseWriter(tmp_path / "other.sqlite")
    other.append(SESSION, header(), message(7))
    other.close()
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    (tmp_path / "other.sqlite").rename(path)
    assert database.refresh()
    assert lines(database) == [header(), message(7)]
    assert database.openings == 2
    database.close()


def test_a_lock_is_not_waited_for_long(path: Path) -> None:
    with sqlite3.connect(path, isolation_level=None) as holder:
        holder.execute("PRAGMA journal_mode = DELETE")
        holder.execute("BEGIN EXCLUSIVE")
        assert reason(AgentDatabase(path)) == "busy"
        holder.execute("ROLLBACK")
    holder.close()


def test_what_is_wrong_is_told(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(b"not a database" * 100)
    assert reason(AgentDatabase(path)) == "no database"
    path.write_bytes(data[:100] + b"\xff" * (len(data) - 100))
    assert reason(AgentDatabase(path)) == "damaged"
    path.unlink()
    assert reason(AgentDatabase(path)) == "unreadable"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE transcript_events (session TEXT, body TEXT)")
    other.close()
    assert reason(AgentDatabase(path)) == "unknown schema"
