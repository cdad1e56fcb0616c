"""What the last verify proved, as its ledger says: nothing is read but that file."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from queries.verify.ledger import ledger_path
from sessiontrack.errors import NotFoundError, UnavailableError
from sessiontrack.settings import Settings

_BUSY_S = 1.0
_UNITS = """
SELECT dataset, sum(records), coalesce(sum(CASE WHEN proof IS NOT NULL THEN records END), 0)
FROM unit WHERE dataset NOT LIKE 'log/%' GROUP BY dataset ORDER BY dataset
"""


@dataclass(frozen=True, slots=True)
class ProvedDataset:
    """What is proved of one dataset of one store.

    Attributes:
        store: archive, postgres or opensearch.
        dataset: events, sessions, messages, tool-calls, …
        expected: Records that the log implies.
        proved: Of those, how many stand in units (sessions, blocks, claims) that were found whole and equal, and that
            nothing has been added to since.
    """

    store: str
    dataset: str
    expected: int
    proved: int


@dataclass(frozen=True, slots=True)
class Proved:
    """What the ledger says.

    Attributes:
        at: When it was last written, epoch milliseconds.
        records: Records of the log that were read.
        faults: Faults of the log itself.
        datasets: Each dataset.
    """

    at: int
    records: int
    faults: int
    datasets: tuple[ProvedDataset, ...]


def last_proved(settings: Settings) -> Proved:
    """What the last verify on this machine proved.

    Raises:
        NotFoundError: There was none.
        UnavailableError: One is running, or its ledger can't be read.
    """
    path = ledger_path(settings)
    if not path.exists():
        raise NotFoundError("no verify has run here yet", hint="Run `sessiontrack verify`.")
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=_BUSY_S)) as connection:
            return _proved(path, connection)
    except sqlite3.Error as error:
        raise UnavailableError(
            f"the ledger {path.name} can't be read: {error}", hint="A verify is running; ask again when it is done."
        ) from error


def _proved(path: Path, connection: sqlite3.Connection) -> Proved:
    units = connection.execute(_UNITS).fetchall()
    records = connection.execute("SELECT value FROM fact WHERE name = 'records'").fetchone()
    (faults,) = connection.execute("SELECT count(*) FROM fault").fetchone()
    return Proved(
        at=path.stat().st_mtime_ns // 1_000_000,
        records=int(records[0]) if records else 0,
        faults=faults,
        datasets=tuple(_dataset(*row) for row in units),
    )


def _dataset(path: str, expected: int, proved: int) -> ProvedDataset:
    store, _, dataset = path.partition("/")
    return ProvedDataset(store, dataset, expected, proved)
