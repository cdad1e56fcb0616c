"""verify: what the log implies against what every store holds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from functools import partial

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from consumers.archive.layout import Log
from consumers.archive.log import identify_log
from queries import opensearch, postgres
from queries.archive import Archive, partition_of
from queries.dead_letters.letter import ids_by_worker
from queries.dead_letters.topic import reading
from queries.lag import LogPositions
from queries.verify.chain import EVENTS as EVENTS_DATASET
from queries.verify.chain import LINES
from queries.verify.checking import check_dataset
from queries.verify.comparison import Check, Dataset, Difference, SetAside
from queries.verify.cut import Cut, make_cut, wait_for_pipeline
from queries.verify.expected import OPENSEARCH, POSTGRES, Block, fold
from queries.verify.ledger import Ledger, ledger_path, opened
from queries.verify.origin import origin
from queries.verify.report import Report
from queries.verify.source import LogSource
from queries.verify.stores.archive import ArchiveStore, ClaimStore
from queries.verify.stores.opensearch import OpenSearchStore
from queries.verify.stores.postgres import PostgresStore
from queries.verify.stores.store import Store
from queries.verify.sums import SUMS, check_sums
from schemas.registry import RegistryError
from schemas.topics import EVENTS
from sessiontrack.errors import NotFoundError, UnavailableError
from sessiontrack.settings import Settings

Progress = Callable[[str, int], None]
# The worker that runs the stages.
STREAMS = "streams"


def verify(
    settings: Settings,
    session_id: str | None = None,
    *,
    full: bool = False,
    stall_s: float = 60.0,
    progress: Progress = lambda doing, left: None,
) -> Report:
    """Waits for the pipeline to pass the present end of the log, then compares every store with what the log implies.

    The ledger in `data_dir/verify` remembers what was read and proved, so that the next verify reads what is new.

    Args:
        settings: Where everything is.
        session_id: Only this session; in full, without the ledger.
        full: Begin the ledger anew: read all of the log, and all records of all stores.
        stall_s: Seconds without progress after which a worker counts as stuck.
        progress: Told what is being done, and how many records are left.

    Raises:
        NotFoundError: The log has no such session.
        CorruptSegmentError: What only the archive has is damaged there, and the ledger does not know it yet.
        UnavailableError: A server does not answer, a worker is stuck, or another verify is running.
    """
    path = ledger_path(settings) if session_id is None else None
    with (
        asyncio.Runner() as runner,
        Archive(settings) as archive,
        opened(path, origin(settings), anew=full) as ledger,
    ):
        deep = full or session_id is not None
        try:
            return _Verification(settings, session_id, deep, runner, archive, ledger, progress).run(stall_s)
        except (KafkaError, RegistryError) as error:
            raise UnavailableError(
                f"the log can't be read: {type(error).__name__}", hint="`sessiontrack status` shows what is wrong."
            ) from error


class _Verification:
    def __init__(
        self,
        settings: Settings,
        session_id: str | None,
        deep: bool,
        runner: asyncio.Runner,
        archive: Archive,
        ledger: Ledger,
        progress: Progress,
    ) -> None:
        self._settings = settings
        self._session_id = session_id
        self._deep = deep
        self._runner = runner
        self._archive = archive
        self._ledger = ledger
        self._progress = progress
        self._keys = None if session_id is None else {session_id.encode()}

    def run(self, stall_s: float) -> Report:
        """The stages, one per line."""
        cut = self._runner.run(self._cut(stall_s))
        log = self._runner.run(identify_log(self._settings.kafka, EVENTS.name))
        with LogSource(self._settings, self._archive, self._runner, log, self._keys) as source:
            read = self._read_log(source, cut)
            letters = self._letters()
            checks = self._checks(cut, log, letters)
            moving = self._moved_since(source, cut) if any(check.differences for check in checks) else set()
        return self._report(read, checks, moving, self._stored_since(letters, checks))

    async def _cut(self, stall_s: float) -> Cut:
        async with LogPositions(self._settings) as positions:
            cut = await make_cut(positions)
            if self._session_id is not None:
                cut = cut.of_partitions([partition_of(self._session_id)])
            await wait_for_pipeline(positions, cut, stall_s=stall_s, progress=self._progress)
            return cut

    def _read_log(self, source: LogSource, cut: Cut) -> int:
        # Of one session only its whole partition could tell.
        read, left = 0, source.left(self._ledger.next_offset, cut) if self._session_id is None else 0
        for batch in source.batches(self._ledger.next_offset, cut):
            self._progress("reading the log", left)
            fold(self._ledger, batch)
            read += len(batch)
            left = max(0, left - len(batch))
        if self._session_id is not None and not self._ledger.units(EVENTS_DATASET):
            raise NotFoundError(
                f"the log has no session {self._session_id}", hint="`sessiontrack sessions` lists what was captured."
            )
        return read

    def _checks(self, cut: Cut, log: Log, letters: Mapping[str, SetAside]) -> list[Check]:
        ends = self._ends_read(cut, log)
        checks = [self._lines(cut, ends)]
        with closing(self._stores(log, ends)) as stores:
            for store in stores:
                for dataset in store.datasets:
                    told = partial(self._progress, f"comparing {dataset.store} {dataset.name}")
                    told(0)
                    refused = letters.get(dataset.store, SetAside())
                    only, deep = self._units(dataset), self._deep
                    checks.append(
                        check_dataset(self._ledger, store, dataset, refused, only=only, deep=deep, progress=told)
                    )
        self._progress(f"comparing {SUMS.store} {SUMS.name}", 0)
        with postgres.connected(self._settings) as connection:
            checks.append(check_sums(connection, self._session_id))
        return checks

    def _letters(self) -> dict[str, SetAside]:
        """What each worker's group set aside."""
        with reading(self._settings) as reader:
            letters = self._runner.run(reader.standing())
        standing, discarded = ids_by_worker(letters.open), ids_by_worker(letters.discarded)
        return {
            worker: SetAside(standing.get(worker, set()), discarded.get(worker, set()))
            for worker in standing.keys() | discarded.keys()
        }

    def _stored_since(self, letters: Mapping[str, SetAside], checks: Sequence[Check]) -> int:
        """Letters whose record is there.

        Of what is expected of a store, and stands, the check says how much is not there. The stages store nothing: what
        they refused once they have processed since if all is there that the log implies.
        """
        total = sum(
            self._ledger.expected_of(Dataset(check.store, check.dataset), letters[check.store].standing)
            - check.dead_lettered
            for check in checks
            if check.store in letters
        )
        if STREAMS in letters and not any(check.differences for check in checks):
            total += self._ledger.expected_of(EVENTS_DATASET, letters[STREAMS].standing)
        return total

    def _units(self, dataset: Dataset) -> list[str] | None:
        """The session, also where it should have nothing; a block of the archive has other sessions too."""
        if self._session_id is None:
            return None
        return [self._session_id] if dataset in (*POSTGRES, *OPENSEARCH) else []

    def _ends_read(self, cut: Cut, log: Log) -> dict[TopicPartition, int]:
        """Where the ledger ends: at the cut, or beyond, where the log has lost its end since."""
        return {each: max(end, self._ledger.next_offset(log, each.partition)) for each, end in cut.ends.items()}

    def _lines(self, cut: Cut, ends: Mapping[TopicPartition, int]) -> Check:
        faults = self._ledger.faults(LINES)
        for partition, end in cut.ends.items():
            if self._session_id is None and end < ends[partition]:
                lost = f"the log ends there, and a verify had read {ends[partition] - end:,} records more"
                faults.append(Difference(*LINES, "missing", f"{partition.partition}/{end}", None, lost))
        lines = self._ledger.count("lines")
        return Check(
            *LINES, expected=lines, stored=lines, dead_lettered=0, discarded=0, read=0, differences=tuple(faults)
        )

    def _stores(self, log: Log, ends: Mapping[TopicPartition, int]) -> Generator[Store, None, None]:
        """One after another: a view that nobody uses while another store is read would be taken away."""

        def is_wanted(block: Block, offset: int, key: bytes) -> bool:
            end = ends.get(TopicPartition(EVENTS.name, block.partition)) if block.log == log else None
            return (end is None or offset < end) and (self._keys is None or key in self._keys)

        yield ArchiveStore(self._archive, is_wanted)
        yield ClaimStore(self._archive)
        with postgres.connected(self._settings) as connection:
            yield PostgresStore(connection)
        for dataset in OPENSEARCH:
            with opensearch.viewed(self._settings, dataset.name) as view:
                yield OpenSearchStore(dataset, view)

    def _moved_since(self, source: LogSource, cut: Cut) -> set[str]:
        """Sessions that have events after the cut: the stores may hold more of them than the cut implies."""
        later = self._runner.run(self._ends())
        return {
            (record.key or b"").decode("utf-8", "replace")
            for partition, end in cut.ends.items()
            for batch in source.read(partition, end, later[partition])
            for record in batch
        }

    async def _ends(self) -> dict[TopicPartition, int]:
        async with LogPositions(self._settings) as positions:
            return await positions.ends([EVENTS])

    def _report(self, read: int, checks: list[Check], moving: set[str], stored_since: int) -> Report:
        settled = tuple(check.without(moving) for check in checks)
        differences, left = (sum(len(check.differences) for check in each) for each in (checks, settled))
        return Report(
            records=self._ledger.count("records"),
            read=read,
            sessions=len(self._ledger.units(EVENTS_DATASET)),
            repeats=self._ledger.count("repeats"),
            undecodable=self._ledger.count("undecodable"),
            stored_since=stored_since,
            in_motion=differences - left,
            checks=settled,
        )
