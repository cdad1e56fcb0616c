"""redrive: records go once more to the group that refused them, and to no other."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from operator import attrgetter
from typing import Any, Literal

from aiokafka import TopicPartition

from consumers.worker import SINKS, load_sink
from operations.dead_letters.attempt import Attempted, Refusal, Refused, Way
from operations.dead_letters.overtaken import later_records, newest
from operations.dead_letters.producer import producing
from operations.dead_letters.settlement import Changes, Settlement
from operations.dead_letters.through_log import StageGroup, ThroughLog, embed_group, streams_group
from operations.dead_letters.through_sink import ThroughSink
from queries.dead_letters.letter import Letter
from queries.dead_letters.topic import DeadLetterReader, Standing, reading
from queries.lag import LogPositions, group_of
from queries.verify.cut import wait_for_worker
from schemas.records import DeadLetter
from schemas.registry import SchemaRegistry
from schemas.topics import MESSAGES
from sessiontrack.dead_letters import refused_again
from sessiontrack.errors import UsageError
from sessiontrack.rebuilding import plan_file, rebuild_folder
from sessiontrack.settings import Settings
from streams.codec import Codec

# The archive refuses nothing.
_SINKS = {f"sessiontrack.{name}": name for name in SINKS if name != "archive"}
_STAGES = ("streams", "embed")


def redrivable_groups(settings: Settings) -> frozenset[str]:
    """The groups that records can be redriven to; of those that embed it is that of the present space."""
    return frozenset({*_SINKS, *_stage_workers(settings)})


def check_redrivable(settings: Settings, letters: Iterable[Letter]) -> None:
    """Sees that letters can be redriven.

    Raises:
        UsageError: One of their groups is none of `redrivable_groups`.
    """
    groups = redrivable_groups(settings)
    for other in sorted({letter.group for letter in letters} - groups):
        raise UsageError(f"nothing here redrives to the group {other}", hint=f"Groups: {', '.join(sorted(groups))}.")


def _stage_workers(settings: Settings) -> dict[str, str]:
    return {group_of(worker, settings): worker for worker in _STAGES}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a letter.

    Attributes:
        letter: As it stood.
        result: `processed`: the group has its record now, the letter is done with. `overtaken`: the record was erased
            by a later one, so there is nothing to write; the letter is done with. `refused`: it stands.
        refusal: Why it is refused again.
    """

    letter: Letter
    result: Literal["processed", "overtaken", "refused"]
    refusal: Refusal | None = None


def redrive(
    settings: Settings,
    standing: Standing,
    letters: Sequence[Letter],
    *,
    stall_s: float = 60.0,
    told: Callable[[Outcome], None] = lambda outcome: None,
    progress: Callable[[str, int], None] = lambda doing, left: None,
) -> None:
    """Gives records to their groups again. Each is settled before the next batch is begun.

    Args:
        settings: Where everything is.
        standing: The letters as they were read.
        letters: Of these, those to redrive; their groups are of `redrivable_groups`.
        stall_s: Seconds without progress after which stages count as stuck.
        told: Told of what became of each, once that is durable.
        progress: Told of what is waited for, and how many records are left.

    Raises:
        UsageError: A store that they would go to is being rebuilt.
        TransientError, UnavailableError: What is needed is away. What was told stays; other letters stand as they did.
    """
    for store in sorted({_SINKS[letter.group] for letter in letters if letter.group in _SINKS}):
        _refuse_beside_rebuild(settings, store)
    with reading(settings) as reader:
        asyncio.run(_Redrive(settings, reader, stall_s, told, progress).redrive(standing, letters))


def _refuse_beside_rebuild(settings: Settings, store: str) -> None:
    """What went to the store in use would go with it, where the rebuild could not decode it when it read it."""
    if plan_file(rebuild_folder(settings.data_dir, store)).exists():
        raise UsageError(
            f"a rebuild of {store} has begun: what is redriven would go to the store that is given up",
            hint=f"Let `sessiontrack rebuild {store}` end, or give it up with --abandon.",
        )


class _Redrive:
    def __init__(
        self,
        settings: Settings,
        reader: DeadLetterReader,
        stall_s: float,
        told: Callable[[Outcome], None],
        progress: Callable[[str, int], None],
    ) -> None:
        self._settings = settings
        self._reader = reader
        self._registry = SchemaRegistry(settings.registry.url)
        self._stall_s = stall_s
        self._told = told
        self._progress = progress

    async def redrive(self, standing: Standing, letters: Sequence[Letter]) -> None:
        """Group by group, so that no more than one store is needed at a time."""
        by_group = attrgetter("group")
        try:
            async with producing(self._settings.kafka) as producer:
                settlement = Settlement(producer, self._reader, self._registry, standing.ends)
                for group, of_group in groupby(sorted(letters, key=by_group), key=by_group):
                    async with self._way(group, producer) as way:
                        await self._redrive_group(way, settlement, list(of_group))
        finally:
            self._registry.close()

    async def _redrive_group(self, way: Way, settlement: Settlement, letters: Sequence[Letter]) -> None:
        """The steps, one per line."""
        overtaken, newer = await later_records(self._settings, letters)
        await settlement.replace(dict.fromkeys(overtaken))
        for letter in overtaken.values():
            self._told(Outcome(letter, "overtaken"))
        async for refused in self._batches([letter for letter in letters if letter.key not in overtaken]):
            batch = [Refused(letter, newest(original, newer.get(letter.key))) for letter, original in refused]
            attempted = await way.attempt(batch)
            await settlement.replace(changes_of(batch, attempted, _now()), attempted.read_until)
            for letter, _ in batch:
                refusal = attempted.refusals.get(letter.key)
                self._told(Outcome(letter, "refused" if refusal else "processed", refusal))

    @asynccontextmanager
    async def _way(self, group: str, producer: Any) -> AsyncIterator[Way]:
        worker = _stage_workers(self._settings).get(group)
        if worker:
            stages = await asyncio.to_thread(self._stages, worker, group)
            yield ThroughLog(producer, self._reader, stages, partial(self._passed, worker))
        else:
            async with ThroughSink(load_sink(_SINKS[group], self._settings), self._registry) as way:
                yield way

    def _stages(self, worker: str, group: str) -> StageGroup:
        if worker == "streams":
            return streams_group(group, Codec(self._registry))
        return embed_group(group, Codec(self._registry, MESSAGES, targets=(), without=()))

    async def _passed(self, worker: str, ends: Mapping[TopicPartition, int]) -> None:
        """Waits until a worker has passed offsets of the log."""
        async with LogPositions(self._settings) as positions:
            await wait_for_worker(worker, positions, ends, self._stall_s, self._progress)

    async def _batches(self, letters: Sequence[Letter]) -> AsyncIterator[list[Refused]]:
        """The letters with their bytes, as much at a time as a worker writes at once."""
        batch: list[Refused] = []
        size = 0
        async for letter, original in self._reader.originals(letters):
            full = len(batch) >= self._settings.sink.batch_records
            if batch and (full or size + letter.size > self._settings.sink.batch_bytes):
                yield batch
                batch, size = [], 0
            batch.append(Refused(letter, original))
            size += letter.size
        if batch:
            yield batch


def changes_of(batch: Sequence[Refused], attempted: Attempted, now: int) -> Changes:
    """What becomes of the letters of a batch: done with, or standing with one try more.

    Args:
        batch: What was attempted.
        attempted: What that came to.
        now: Epoch milliseconds.
    """
    changes: dict[str, DeadLetter | None] = dict.fromkeys(attempted.letters)
    for letter, original in batch:
        refusal = attempted.refusals.get(letter.key)
        changes[letter.key] = refusal and refused_again(
            original,
            **refusal._asdict(),
            failed_at=now,
            first_failed_at=letter.first_failed_at,
            tries=letter.tries + 1,
        )
    return changes


def _now() -> int:
    return time.time_ns() // 1_000_000
