"""verify: what the log implies against what every store holds."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, TypeVar

from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from consumers.archive.layout import Log
from consumers.archive.log import identify_log
from queries.archive import Archive, partition_of
from queries.dead_letters.letter import ids_by_worker
from queries.dead_letters.topic import reading
from queries.lag import LogPositions
from queries.log import read_partition
from queries.verify import stores
from queries.verify.cut import Cut, make_cut, wait_for_pipeline
from queries.verify.expected import Expectation, LogRecord
from queries.verify.ledger import Check, Difference, Ledger
from schemas.codec import CodecError, Decoder
from schemas.registry import RegistryError, SchemaRegistry
from schemas.topics import EVENTS
from sessiontrack.errors import NotFoundError, UnavailableError
from sessiontrack.settings import Settings

ItemT = TypeVar("ItemT")
Progress = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class Report:
    """What a verify found.

    Attributes:
        records: Records of the log before the cut.
        sessions: Sessions among them.
        repeats: Records that had come before: captured again, and dropped by readers.
        undecodable: Records that do not decode.
        in_motion: Differences that are left out because their session went on after the cut.
        checks: The result for each dataset of each store.
    """

    records: int
    sessions: int
    repeats: int
    undecodable: int
    in_motion: int
    checks: tuple[Check, ...]

    @property
    def differences(self) -> list[Difference]:
        """All differences, store by store."""
        return [difference for check in self.checks for difference in check.differences]


def verify(
    settings: Settings,
    session_id: str | None = None,
    *,
    stall_s: float = 60.0,
    progress: Progress = lambda doing, left: None,
) -> Report:
    """Waits for the pipeline to pass the present end of the log, then compares every store with what the log implies.

    Args:
        settings: Where everything is.
        session_id: Only this session; in full.
        stall_s: Seconds without progress after which a worker counts as stuck.
        progress: Told what is being done, and how many records are left.

    Raises:
        NotFoundError: The log has no such session.
        UnavailableError: A server does not answer, or a worker is stuck.
    """
    with asyncio.Runner() as runner, Archive(settings) as archive:
        try:
            verification = _Verification(settings, session_id, runner, archive, progress)
            return verification.run(stall_s)
        except (KafkaError, RegistryError) as error:
            raise UnavailableError(
                f"the log can't be read: {type(error).__name__}", hint="`sessiontrack status` shows what is wrong."
            ) from error


class _Verification:
    def __init__(
        self, settings: Settings, session_id: str | None, runner: asyncio.Runner, archive: Archive, progress: Progress
    ) -> None:
        self._settings = settings
        self._session_id = session_id
        self._runner = runner
        self._archive = archive
        self._progress = progress

    def run(self, stall_s: float) -> Report:
        """The stages, one per line."""
        cut = self._runner.run(self._cut(stall_s))
        log = self._runner.run(identify_log(self._settings.kafka, EVENTS.name))
        expected = self._expected(cut, log)
        self._tell_stores(expected, cut, log)
        checks = self._checks(expected)
        return self._report(expected, cut, checks)

    async def _cut(self, stall_s: float) -> Cut:
        async with LogPositions(self._settings) as positions:
            cut = await make_cut(positions)
            if self._session_id is not None:
                cut = cut.of_partition(partition_of(self._session_id))
            await wait_for_pipeline(positions, cut, stall_s=stall_s, progress=self._progress)
            return cut

    def _expected(self, cut: Cut, log: Log) -> Expectation:
        expected = Expectation()
        registry = SchemaRegistry(self._settings.registry.url)
        decoder = Decoder(EVENTS.schema, registry.schema)
        try:
            for partition in sorted(cut.ends):
                self._progress("reading the log", cut.records - expected.events)
                expected.add_partition(self._records(partition, cut, log, decoder))
        finally:
            registry.close()
        if self._session_id is not None and not expected.sessions:
            raise NotFoundError(
                f"the log has no session {self._session_id}", hint="`sessiontrack sessions` lists what was captured."
            )
        return expected

    def _records(self, partition: TopicPartition, cut: Cut, log: Log, decoder: Decoder) -> Iterator[LogRecord]:
        """From the archive what the log keeps no longer, then the log."""
        begin, end = cut.begins[partition], cut.ends[partition]
        read = self._iterate(read_partition(self._settings.kafka, partition, begin, end))
        logged = ((record.offset, record.key, record.value) for batch in read for record in batch)
        for offset, key, value in chain(self._archived(log, partition.partition, begin), logged):
            if value is None or not self._is_wanted(key):
                continue
            try:
                event = decoder.decode(value)
            except CodecError:
                event = None
            yield LogRecord(partition.partition, offset, value, event)

    def _archived(self, log: Log, partition: int, before: int) -> Iterator[tuple[int, bytes, bytes | None]]:
        if before == 0:
            return
        for segment in self._archive.segments(partition):
            if segment.key.log == log and segment.key.first < before:
                for record in self._archive.records(segment):
                    if record["offset"] < before:
                        yield record["offset"], record["key"], record["value"]

    def _tell_stores(self, expected: Expectation, cut: Cut, log: Log) -> None:
        ends = {partition.partition: end for partition, end in cut.ends.items()}
        keys = None if self._session_id is None else {self._session_id}
        self._progress("reading the archive", 0)
        stores.tell_archive(self._archive, log, ends, keys, expected.archive)
        stores.tell_claims(self._archive, expected.claim_sessions, expected.claims)
        self._progress("reading PostgreSQL", 0)
        stores.tell_postgres(self._settings, self._session_id, expected.postgres)
        self._progress("reading OpenSearch", 0)
        stores.tell_opensearch(self._settings, self._session_id, expected.opensearch)

    def _checks(self, expected: Expectation) -> list[Check]:
        with reading(self._settings) as reader:
            standing = self._runner.run(reader.standing())
        refused, discarded = ids_by_worker(standing.open), ids_by_worker(standing.discarded)

        def closed(ledger: Ledger) -> Check:
            return ledger.close(refused.get(ledger.store, set()), discarded.get(ledger.store, set()))

        ledgers = [expected.chain, expected.archive, expected.claims]
        return [closed(ledger) for ledger in (*ledgers, *expected.postgres.values(), *expected.opensearch.values())]

    def _report(self, expected: Expectation, cut: Cut, checks: Sequence[Check]) -> Report:
        moving = self._moved_since(cut) if any(check.differences for check in checks) else set()
        settled = [check.without(moving) for check in checks]
        left_out = sum(map(len, (check.differences for check in checks))) - sum(
            map(len, (check.differences for check in settled))
        )
        return Report(
            records=expected.events,
            sessions=len(expected.sessions),
            repeats=expected.repeats,
            undecodable=expected.undecodable,
            in_motion=left_out,
            checks=tuple(settled),
        )

    def _moved_since(self, cut: Cut) -> set[str]:
        """Sessions that have events after the cut: the stores may hold more of them than the cut implies."""
        later = self._runner.run(self._ends())
        moved = set()
        for partition, end in cut.ends.items():
            for batch in self._iterate(read_partition(self._settings.kafka, partition, end, later[partition])):
                moved |= {(record.key or b"").decode("utf-8", "replace") for record in batch}
        return moved

    async def _ends(self) -> dict[TopicPartition, int]:
        async with LogPositions(self._settings) as positions:
            return await positions.ends([EVENTS])

    def _is_wanted(self, key: bytes | None) -> bool:
        return self._session_id is None or key == self._session_id.encode()

    def _iterate(self, batches: AsyncIterator[Sequence[ConsumerRecord]]) -> Iterable[Sequence[Any]]:
        """An asynchronous iterator from code that is not."""
        while (batch := self._runner.run(_next(batches))) is not None:
            yield batch


async def _next(items: AsyncIterator[ItemT]) -> ItemT | None:
    return await anext(items, None)
