"""Repair, after a verify: what a store lacks is derived from the log again, and sent through the store's own sink."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiokafka.errors import KafkaError

from consumers.archive.log import identify_log
from operations.repair.projections import STORES, send
from operations.repair.segments import SegmentWriter
from operations.repair.sums import sum_up
from operations.repair.wanted import RecordKey, wanted
from queries.archive import Archive, partition_of
from queries.lag import LogPositions
from queries.verify import Difference
from queries.verify.cut import Cut, make_cut
from queries.verify.expected import ARCHIVE, Block
from queries.verify.source import LogSource
from queries.verify.sums import SUMS
from schemas.records import SessionEvent
from schemas.registry import RegistryError
from schemas.topics import EVENTS, MESSAGES, SESSIONS, TOOL_CALLS
from sessiontrack.errors import TransientError, UnavailableError
from sessiontrack.settings import Settings
from streams.derive import derive

Progress = Callable[[str], None]


@dataclass(slots=True)
class Repaired:
    """What a repair did; the next verify tells whether it was enough.

    Attributes:
        sent: Records that were sent, by store.
        removed: Surplus records that were deleted, by store.
        refused: Records that a store does not take, by store.
        segments: Segments of the archive that were written again.
    """

    sent: dict[str, int] = field(default_factory=dict)
    removed: dict[str, int] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    segments: int = 0


def repair(
    settings: Settings,
    differences: Collection[Difference],
    *,
    prune: bool = False,
    progress: Progress = lambda doing: None,
) -> Repaired:
    """Mends what can be mended: rows, documents, and segments whose records the log keeps.

    Lines that the log lacks, claims, and what only the archive of an older log had, come from nowhere but their source.

    Args:
        settings: Where everything is.
        differences: What verify found.
        prune: Whether to delete rows and documents that nothing asks for; the archive is never deleted from.
        progress: Told what is being done.

    Raises:
        UnavailableError: A server does not answer.
    """
    with asyncio.Runner() as runner, Archive(settings) as archive:
        try:
            return _repair(settings, runner, archive, differences, prune, progress)
        except (KafkaError, RegistryError, TransientError) as error:
            raise UnavailableError(
                f"the repair came to no end: {error}",
                hint="Repair again once `sessiontrack status` shows that all is well: nothing is done twice.",
            ) from error


def _repair(
    settings: Settings,
    runner: asyncio.Runner,
    archive: Archive,
    differences: Collection[Difference],
    prune: bool,
    progress: Progress,
) -> Repaired:
    done = Repaired()
    cut = runner.run(_cut(settings))
    log = runner.run(identify_log(settings.kafka, EVENTS.name))
    # First of all: what the log keeps no longer is read from there.
    blocks = {Block.parse(each.unit) for each in differences if (each.store, each.dataset) == ARCHIVE}
    if blocks:
        progress("writing segments of the archive")
        with (
            LogSource(settings, archive, runner, log) as source,
            SegmentWriter(settings, archive, source, log, cut) as writer,
        ):
            done.segments = writer.write(blocks)
    for store in STORES:
        work = wanted(differences, store)
        if not work.send:
            continue
        progress(f"deriving what {store} lacks")
        of_sessions = cut.of_partitions(map(partition_of, work.sessions))
        with LogSource(settings, archive, runner, log, {each.encode() for each in work.sessions}) as source:
            records = _implied(source, of_sessions, work.send)
        progress(f"sending {len(records):,} records to {store}")
        sent = runner.run(send(settings, store, work, records, prune=prune))
        done.sent[store], done.removed[store], done.refused[store] = sent.records, sent.removed, sent.refused
    sums = {each.session_id for each in differences if (each.store, each.dataset) == SUMS and each.session_id}
    if sums:
        progress(f"summing up the messages of {len(sums):,} sessions")
        runner.run(sum_up(settings, sums))
    return done


async def _cut(settings: Settings) -> Cut:
    async with LogPositions(settings) as positions:
        return await make_cut(positions)


def _implied(source: LogSource, cut: Cut, keys: Collection[RecordKey]) -> dict[RecordKey, Any]:
    """The records with these keys that the log implies."""
    found: dict[RecordKey, Any] = {}

    def events() -> Iterator[SessionEvent]:
        for batch in source.batches(lambda log, partition: 0, cut):
            for event in (each.event for each in batch if each.event is not None):
                key = RecordKey(EVENTS.name, event["event_id"])
                if key in keys:
                    found.setdefault(key, event)
                yield event

    derived = derive(events())
    tables: Sequence[tuple[str, Any]] = (
        (SESSIONS.name, derived.sessions),
        (MESSAGES.name, derived.messages),
        (TOOL_CALLS.name, derived.tool_calls),
    )
    for topic, records in tables:
        found |= {key: records[key.id] for key in keys if key.topic == topic and key.id in records}
    return found
