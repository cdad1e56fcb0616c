"""How many bytes each store holds, and how many the transcripts have that all of it was made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from itertools import chain
from typing import TypeVar

from psycopg.sql import SQL

from consumers.archive.layout import PREFIX as ARCHIVE
from consumers.archive.objects import ObjectStore
from producers.claims import PREFIX as CLAIMS
from queries import opensearch, postgres
from sessiontrack.disk import DiskSpace, disk_space
from sessiontrack.errors import TransientError, UnavailableError
from sessiontrack.settings import Settings

FoundT = TypeVar("FoundT")

# A partition counts to the table that it is of.
_TABLES = SQL(
    "SELECT table_.relname AS name, sum(pg_total_relation_size(part.relid))::int8 AS bytes FROM pg_class AS table_,"
    " LATERAL (SELECT relid FROM pg_partition_tree(table_.oid) UNION SELECT table_.oid) AS part"
    " WHERE table_.relnamespace = current_schema()::regnamespace AND table_.relkind IN ('r', 'p')"
    " AND NOT table_.relispartition GROUP BY table_.relname ORDER BY bytes DESC, name"
)
# Where the last line of each begins: the length of that line stands in the archive only.
_TRANSCRIPTS = SQL(
    "SELECT coalesce(sum(bytes), 0)::int8 AS bytes FROM"
    " (SELECT max(byte_offset) AS bytes FROM events WHERE byte_offset IS NOT NULL GROUP BY session_id) AS transcript"
)


@dataclass(frozen=True, slots=True)
class StoredPart:
    """What a part of a store holds.

    Attributes:
        store: archive, postgres or opensearch.
        name: A table, an index, or what kind of objects.
        bytes: How many.
    """

    store: str
    name: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Storage:
    """How many bytes there are where.

    Attributes:
        parts: Of each store its parts, the largest first.
        away: Stores that do not answer.
        transcript_bytes: What the transcripts have, but for the last line of each; None where PostgreSQL is away.
        disk: The disk of the data folder.
    """

    parts: list[StoredPart]
    away: list[str]
    transcript_bytes: int | None
    disk: DiskSpace


def storage(settings: Settings) -> Storage:
    """How many bytes the stores hold; those that are away are named."""
    readers: dict[str, Callable[[Settings], list[StoredPart]]] = {
        "archive": _objects,
        "postgres": _tables,
        "opensearch": _indexes,
    }
    with ThreadPoolExecutor(len(readers) + 1) as threads:
        parts = {name: threads.submit(_unless_away, read, settings) for name, read in readers.items()}
        transcripts = threads.submit(_unless_away, _transcripts, settings)
        found = {name: each.result() for name, each in parts.items()}
    return Storage(
        parts=list(chain.from_iterable(_largest_first(each) for each in found.values() if each is not None)),
        away=[name for name, each in found.items() if each is None],
        transcript_bytes=transcripts.result(),
        disk=disk_space(settings.data_dir, settings.disk_reserve_bytes),
    )


def _unless_away(read: Callable[[Settings], FoundT], settings: Settings) -> FoundT | None:
    try:
        return read(settings)
    except (TransientError, UnavailableError):
        return None


def _objects(settings: Settings) -> list[StoredPart]:
    with closing(ObjectStore(settings.s3)) as store:
        return [
            StoredPart("archive", name, sum(store.sizes(prefix).values()))
            for name, prefix in (("segments and manifests", ARCHIVE), ("large lines", CLAIMS))
        ]


def _tables(settings: Settings) -> list[StoredPart]:
    with postgres.connected(settings) as connection:
        rows = postgres.fetch_dicts(connection, _TABLES, [])
    return [StoredPart("postgres", row["name"], row["bytes"]) for row in rows]


def _indexes(settings: Settings) -> list[StoredPart]:
    with opensearch.connected(settings) as client:
        found = client.indices.stats(index=f"{settings.opensearch.index_prefix}-*", metric="store")["indices"]
    return [StoredPart("opensearch", name, each["total"]["store"]["size_in_bytes"]) for name, each in found.items()]


def _transcripts(settings: Settings) -> int:
    with postgres.connected(settings) as connection:
        return int(postgres.fetch_dicts(connection, _TRANSCRIPTS, [])[0]["bytes"])


def _largest_first(parts: Iterable[StoredPart]) -> list[StoredPart]:
    return sorted(parts, key=lambda part: (-part.bytes, part.name))
