"""The ledger: what the log implies, record by record, and what of it was proved to be in the stores.

A SQLite database. It remembers how far the log was read and the stages' state there, so that the next verify reads what
is behind, and folds it as the worker does; all of a batch is in it, or nothing. A *unit* is what a store is asked about
as a whole: a session, a block of the archive, a claim. Of each record stand an id and a digest here; the state holds
what the stages remember, the texts of tool calls too, like the worker's own.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from consumers.archive.layout import Log
from queries.verify.comparison import Dataset, Difference, Total, total_of
from sessiontrack.errors import UnavailableError
from sessiontrack.settings import Settings

_BUSY_S = 5.0
# A negative number is KiB: the pages of a batch, whatever the size of the ledger.
_CACHE = -64 * 1024
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# The triggers keep what must never be forgotten where no writer can forget it: a unit that changes is unproved.
_TABLES = """
CREATE TABLE fact (name TEXT PRIMARY KEY, value);
CREATE TABLE cursor (log TEXT, partition INTEGER, next INTEGER, PRIMARY KEY (log, partition));
CREATE TABLE state (key BLOB PRIMARY KEY, value BLOB);
CREATE TABLE unit (
    id INTEGER PRIMARY KEY, dataset TEXT, name TEXT, records INTEGER DEFAULT 0, proof TEXT, UNIQUE (dataset, name)
);
CREATE TABLE record (unit INTEGER, id, digest BLOB, PRIMARY KEY (unit, id)) WITHOUT ROWID;
CREATE TRIGGER added AFTER INSERT ON record
    BEGIN UPDATE unit SET records = records + 1, proof = NULL WHERE id = NEW.unit; END;
CREATE TRIGGER replaced AFTER UPDATE ON record
    BEGIN UPDATE unit SET proof = NULL WHERE id = NEW.unit; END;
CREATE TABLE fault (event_id TEXT, session_id TEXT, kind TEXT, detail TEXT, awaited TEXT);
CREATE INDEX fault_awaited ON fault (awaited) WHERE awaited IS NOT NULL;
"""
_OF_UNIT = "FROM unit JOIN record ON record.unit = unit.id WHERE unit.dataset = ? AND unit.name = ?"


class Unit(NamedTuple):
    """A unit.

    Attributes:
        name: Its name.
        records: How many records are expected in it.
        proof: What the store said of it when all of them were found to be there; None where that is not so, or not
            known.
    """

    name: str
    records: int
    proof: str | None


class Ledger:
    """A ledger; `opened` opens one."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._units: dict[tuple[Dataset, str], int] = {}

    @contextmanager
    def batch(self) -> Iterator[None]:
        """All that is written within comes into the ledger at once, or nothing does."""
        with self._connection:
            yield
        self._units.clear()

    def next_offset(self, log: Log, partition: int) -> int:
        """The first offset of a partition that was not read yet."""
        query = "SELECT next FROM cursor WHERE log = ? AND partition = ?"
        found = self._connection.execute(query, (_text(log), partition)).fetchone()
        return int(found[0]) if found else 0

    def advance(self, log: Log, partition: int, next_offset: int) -> None:
        """Notes how far a partition was read."""
        self._connection.execute("REPLACE INTO cursor VALUES (?, ?, ?)", (_text(log), partition, next_offset))

    def count(self, name: str) -> int:
        """A number that `add` counts."""
        found = self._connection.execute("SELECT value FROM fact WHERE name = ?", (name,)).fetchone()
        return int(found[0]) if found else 0

    def add(self, name: str, number: int) -> None:
        """Counts."""
        statement = "INSERT INTO fact VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = value + excluded.value"
        self._connection.execute(statement, (name, number))

    def get(self, key: bytes, /) -> bytes | None:
        """The stages' state: see `streams.batch.State`."""
        found = self._connection.execute("SELECT value FROM state WHERE key = ?", (key,)).fetchone()
        return found[0] if found else None

    def write_state(self, writes: Mapping[bytes, bytes]) -> None:
        """Writes the stages' state."""
        self._connection.executemany("REPLACE INTO state VALUES (?, ?)", writes.items())

    def expect(self, dataset: Dataset, unit: str, records: Collection[tuple[str, bytes]]) -> None:
        """Records should be in a store; the latest call for an id counts."""
        if not records:
            return
        number = self._unit(dataset, unit)
        self._connection.executemany(
            "INSERT INTO record VALUES (?, ?, ?) ON CONFLICT (unit, id)"
            " DO UPDATE SET digest = excluded.digest WHERE digest <> excluded.digest",
            ((number, _packed(record_id), digest) for record_id, digest in records),
        )

    def expect_first(self, dataset: Dataset, unit: str, record_id: str, digest: bytes) -> bool:
        """A record should be in a store as it came first; False where it is a repeat."""
        statement = "INSERT OR IGNORE INTO record VALUES (?, ?, ?)"
        row = (self._unit(dataset, unit), _packed(record_id), digest)
        return self._connection.execute(statement, row).rowcount > 0

    def expects(self, dataset: Dataset, unit: str, record_id: str) -> bool:
        """Whether a record should be in a store."""
        query = f"SELECT 1 {_OF_UNIT} AND record.id = ?"
        return bool(self._connection.execute(query, (_text(dataset), unit, _packed(record_id))).fetchone())

    def units(self, dataset: Dataset) -> list[Unit]:
        """The units of a dataset."""
        query = "SELECT name, records, proof FROM unit WHERE dataset = ? ORDER BY id"
        return [Unit(*row) for row in self._connection.execute(query, (_text(dataset),))]

    def records(self, dataset: Dataset, unit: str) -> dict[str, bytes]:
        """The digests of the records that should be in a unit, by id."""
        found = self._connection.execute(f"SELECT record.id, digest {_OF_UNIT}", (_text(dataset), unit))
        return {_unpacked(record_id): digest for record_id, digest in found}

    def total(self, dataset: Dataset, unit: str) -> Total:
        """What the records come to that should be in a unit."""
        return total_of(
            digest for (digest,) in self._connection.execute(f"SELECT digest {_OF_UNIT}", (_text(dataset), unit))
        )

    def expected_of(self, dataset: Dataset, record_ids: Collection[str]) -> int:
        """How many of some records should be in a dataset, whatever their units."""
        if not record_ids:
            return 0
        wanted = {_packed(record_id) for record_id in record_ids}
        query = "SELECT record.id FROM unit JOIN record ON record.unit = unit.id WHERE unit.dataset = ?"
        return sum(record_id in wanted for (record_id,) in self._connection.execute(query, (_text(dataset),)))

    def prove(self, dataset: Dataset, proofs: Mapping[str, str | None]) -> None:
        """Notes what the store says of units that were found to be whole; None where it says nothing."""
        statement = "UPDATE unit SET proof = ? WHERE dataset = ? AND name = ?"
        with self._connection:
            self._connection.executemany(statement, ((proof, _text(dataset), unit) for unit, proof in proofs.items()))

    def fault(self, difference: Difference, awaited: str | None = None) -> None:
        """Notes a fault of the log itself.

        Args:
            difference: What is wrong.
            awaited: Id of the event that mends it if it comes.
        """
        row = (difference.record_id, difference.session_id, difference.kind, difference.detail, awaited)
        self._connection.execute("INSERT INTO fault VALUES (?, ?, ?, ?, ?)", row)

    def mend(self, event_id: str) -> None:
        """Forgets the faults that waited for an event."""
        self._connection.execute("DELETE FROM fault WHERE awaited = ?", (event_id,))

    def faults(self, dataset: Dataset) -> list[Difference]:
        """The faults of the log."""
        query = "SELECT kind, event_id, session_id, detail FROM fault ORDER BY kind, event_id"
        return [Difference(*dataset, *row) for row in self._connection.execute(query)]

    def _unit(self, dataset: Dataset, name: str) -> int:
        number = self._units.get((dataset, name))
        if number is None:
            key = (_text(dataset), name)
            query = "SELECT id FROM unit WHERE dataset = ? AND name = ?"
            found = self._connection.execute(query, key).fetchone()
            if found is None:
                self._connection.execute("INSERT INTO unit (dataset, name) VALUES (?, ?)", key)
                found = self._connection.execute(query, key).fetchone()
            number = self._units[dataset, name] = found[0]
        return number


def ledger_path(settings: Settings) -> Path:
    """Where the ledger of a data folder is."""
    return settings.data_dir / "verify" / "ledger.sqlite"


@contextmanager
def opened(path: Path | None, origin: str, *, anew: bool = False) -> Iterator[Ledger]:
    """A ledger, for one process at a time.

    Args:
        path: Its file; None for one that is forgotten at the end.
        origin: What it is made of and with. A ledger of another origin proves nothing here, and is begun anew.
        anew: Begin it anew in any case.

    Raises:
        UnavailableError: Another process has it open, or the disk does not take it.
    """
    if path is not None:
        _make_private(path.parent)
    connection = sqlite3.connect(path or ":memory:", timeout=_BUSY_S)
    try:
        _prepare(connection, origin, anew)
        yield Ledger(connection)
    except sqlite3.Error as error:
        raise UnavailableError(
            f"the ledger {path or ''} can't be used: {error}",
            hint="Let another verify end; where none runs, delete the file, and all is compared again.",
        ) from error
    finally:
        connection.close()


def _make_private(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
    except OSError as error:
        raise UnavailableError(
            f"{folder} can't be made: {error.strerror}", hint="It is in `data_dir`, which has to be yours to write."
        ) from error


def _prepare(connection: sqlite3.Connection, origin: str, anew: bool) -> None:
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute(f"PRAGMA cache_size = {_CACHE}")
    if not anew and _origin(connection) == origin:
        return
    tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    with connection:
        for (table,) in tables:
            connection.execute(f"DROP TABLE {table}")
    connection.executescript(_TABLES)
    with connection:
        connection.execute("INSERT INTO fact VALUES ('origin', ?)", (origin,))


def _origin(connection: sqlite3.Connection) -> str | None:
    try:
        found = connection.execute("SELECT value FROM fact WHERE name = 'origin'").fetchone()
    except sqlite3.OperationalError:
        return None
    return found[0] if found else None


def _text(parts: Sequence[str]) -> str:
    return "/".join(parts)


def _packed(record_id: str) -> bytes | str:
    """Sixteen bytes for most ids instead of thirty-six; SQLite tells bytes from text."""
    return bytes.fromhex(record_id.replace("-", "")) if _UUID.fullmatch(record_id) else record_id


def _unpacked(stored: bytes | str) -> str:
    if isinstance(stored, str):
        return stored
    text = stored.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
