"""Vectors kept on disk, so that the same text is never embedded twice, also across rebuilds."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Literal

import numpy as np

from sessiontrack.errors import UnavailableError
from sessiontrack.folders import private_folder
from sessiontrack.providers.embedder import Vectors, unit_vectors

Task = Literal["document", "query"]

_FILE = "vectors.sqlite"
# 128 bits of SHA-256: a billion texts collide with a chance below 10^-20.
_KEY_BYTES = 16
# Below SQLite's smallest bound on the variables of a statement, 999.
_MOST_VARIABLES = 500
# So much of a full cache goes at once, so that not every write has to make room.
_FORGOTTEN_SHARE = 10
_SCHEMA = """
CREATE TABLE IF NOT EXISTS vectors (
    key BLOB PRIMARY KEY,
    used INTEGER NOT NULL,
    vector BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS vectors_by_use ON vectors (used);
"""


def cache_key(space: str, task: Task, text: str) -> bytes:
    """Names a vector: 16 bytes, from which the text can't be read."""
    return sha256(b"\0".join((space.encode(), task.encode(), text.encode("utf-8", "surrogatepass")))).digest()[
        :_KEY_BYTES
    ]


def rounded(vectors: Vectors) -> Vectors:
    """Vectors as the cache gives them back: a fresh one is rounded too, so that a rebuild makes the same of a text."""
    return _decoded([_encoded(vector) for vector in vectors]) if len(vectors) else vectors


class EmbeddingCache:
    """A SQLite file, shared by all processes of a data folder.

    Each number takes two bytes (float16): half of float32, with an error of 2^-11 of each number, which moves a cosine
    by less than 10^-4; what pgvector's `halfvec` keeps is no more.

    Args:
        folder: Where the file is; made where it is missing.
        most_bytes: Most bytes of the file; beyond it, what was not used for longest goes.

    Raises:
        UnavailableError: The file can't be opened.
    """

    def __init__(self, folder: Path, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._in_use = Lock()
        try:
            private_folder(folder)
            self._connection = sqlite3.connect(folder / _FILE, isolation_level=None, check_same_thread=False)
            self._connection.execute("PRAGMA journal_mode = WAL")
            # What a power failure loses is embedded again.
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._connection.executescript(_SCHEMA)
        except (sqlite3.Error, OSError) as error:
            raise UnavailableError(
                f"the cache of vectors in {folder} can't be opened: {error}",
                hint="Make room on that disk, or remove the folder: what is needed is embedded again.",
            ) from error

    def load(self, keys: Iterable[bytes], today: int) -> dict[bytes, Vectors]:
        """The vectors that are there, by key.

        Args:
            keys: Whose vectors.
            today: Days since 1970: a vector that is used stays longer.

        Raises:
            sqlite3.Error: The file can't be read.
        """
        wanted = list(dict.fromkeys(keys))
        found: dict[bytes, Vectors] = {}
        with self._in_use:
            for first in range(0, len(wanted), _MOST_VARIABLES):
                found |= self._load(wanted[first : first + _MOST_VARIABLES], today)
        return found

    def _load(self, keys: Sequence[bytes], today: int) -> dict[bytes, Vectors]:
        places = ", ".join("?" * len(keys))
        query = f"SELECT key, used, vector FROM vectors WHERE key IN ({places})"  # noqa: S608  # question marks
        rows = self._connection.execute(query, keys).fetchall()
        # Once a day, so that reading hardly ever writes.
        self._write(
            "UPDATE vectors SET used = ? WHERE key = ?", [(today, key) for key, used, _ in rows if used < today]
        )
        if not rows:
            return {}
        vectors = _decoded([vector for _, _, vector in rows])
        return {key: vector for (key, _, _), vector in zip(rows, vectors, strict=True)}

    def save(self, vectors: Mapping[bytes, Vectors], today: int) -> None:
        """Keeps vectors, and makes room for them.

        Raises:
            sqlite3.Error: The file can't be written.
        """
        rows = [(key, today, _encoded(vector)) for key, vector in vectors.items()]
        with self._in_use:
            self._write("INSERT OR REPLACE INTO vectors (key, used, vector) VALUES (?, ?, ?)", rows)
            if self._bytes() > self._most_bytes:
                self._connection.execute(
                    "DELETE FROM vectors WHERE key IN (SELECT key FROM vectors ORDER BY used LIMIT "
                    "(SELECT count(*) / ? + 1 FROM vectors))",
                    (_FORGOTTEN_SHARE,),
                )

    def close(self) -> None:
        """Closes the file, after a write that is under way."""
        with self._in_use:
            self._connection.close()

    def _write(self, statement: str, rows: Sequence[tuple[object, ...]]) -> None:
        """Runs a statement for each row, in one transaction."""
        if not rows:
            return
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            self._connection.executemany(statement, rows)
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def _bytes(self) -> int:
        """Bytes of the pages in use."""
        [pages], [free], [size] = (
            self._connection.execute(f"PRAGMA {name}").fetchone()
            for name in ("page_count", "freelist_count", "page_size")
        )
        return int((pages - free) * size)


def _encoded(vector: Vectors) -> bytes:
    return vector.astype("<f2").tobytes()


def _decoded(rows: Sequence[bytes]) -> Vectors:
    return unit_vectors(np.stack([np.frombuffer(row, dtype="<f2") for row in rows]).astype(np.float32))
