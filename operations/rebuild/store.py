"""rebuild postgres, rebuild opensearch: fills a store beside the one in use, and swaps them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace

from aiokafka.errors import KafkaError

from operations.rebuild.event_source import open_source
from operations.rebuild.filling import Filling, partitions
from operations.rebuild.opensearch import OpenSearchTarget
from operations.rebuild.plan import Plan, RebuildFolder, claimed, present_revisions
from operations.rebuild.postgres import PostgresTarget
from operations.rebuild.progress import Meter, Report
from operations.rebuild.set_aside import set_aside
from operations.rebuild.source import Origin, Source
from operations.rebuild.state import RebuildState, RecordId
from operations.rebuild.summary import Summary
from operations.rebuild.target import Standing, Target
from queries.archive import Archive
from sessiontrack.errors import SessionTrackError, UnavailableError, UsageError
from sessiontrack.settings import Settings

TARGETS: Mapping[str, Callable[[Settings], Target]] = {
    PostgresTarget.name: PostgresTarget,
    OpenSearchTarget.name: OpenSearchTarget,
}
# What is left to read while the sink has to wait: less than a second's work.
_REST = 1_000


def rebuild_store(
    settings: Settings,
    name: str,
    *,
    origin: Origin | None = None,
    keep_old: bool = False,
    accept_gaps: bool = False,
    report: Report = lambda progress: None,
) -> Summary:
    """Makes a store anew from all events; the one in use is read and written until the new one takes its place.

    Started again after it ended in whatever way, it goes on where it was.

    Args:
        settings: Where everything is.
        name: `postgres` or `opensearch`.
        origin: Where to read from; chosen by what the log still has where it is None.
        keep_old: Leave the old store beside the new one.
        accept_gaps: Go on also where events are missing from the archive and the log.
        report: Told how far it is.

    Raises:
        UsageError: It is running already, or can't be done as it is asked for.
        UnavailableError: A server does not answer.
        SessionTrackError: What was filled is not what was derived; nothing was swapped.
    """
    with claimed(settings.data_dir, name) as folder, Archive(settings) as archive:
        rebuild = _Rebuild(settings, folder, TARGETS[name](settings), archive, Meter(report, time.monotonic))
        try:
            return asyncio.run(rebuild.run(origin, keep_old=keep_old, accept_gaps=accept_gaps))
        except KafkaError as error:
            raise UnavailableError(
                f"the log can't be read: {type(error).__name__}", hint="`sessiontrack status` shows why."
            ) from error


def abandon_store(settings: Settings, name: str) -> bool:
    """Gives a rebuild up: what it has filled is removed, the store in use stays as it is.

    Returns:
        Whether there was one.
    """
    with claimed(settings.data_dir, name) as folder:
        target = TARGETS[name](settings)
        was_there = folder.has_plan or target.standing({}) is not Standing.ABSENT
        target.release()
        target.discard()
        target.clear()
        folder.clear()
        return was_there


class _Rebuild:
    def __init__(
        self, settings: Settings, folder: RebuildFolder, target: Target, archive: Archive, meter: Meter
    ) -> None:
        self._settings = settings
        self._folder = folder
        self._target = target
        self._archive = archive
        self._meter = meter

    async def run(self, origin: Origin | None, *, keep_old: bool, accept_gaps: bool) -> Summary:
        """The stages, one per line."""
        plan = self._folder.load()
        await asyncio.to_thread(self._target.release)
        if plan and plan.marks and self._target.standing(plan.marks) is Standing.IN_USE:
            return await self._finished()
        source, chosen = await open_source(
            self._settings, self._archive, plan.origin if plan else origin, accept_gaps=accept_gaps
        )
        plan = await asyncio.to_thread(self._planned, plan, chosen, origin)
        async with AsyncExitStack() as closing:
            closing.callback(source.close)
            closing.push_async_callback(self._target.close)
            await self._target.open()
            state = RebuildState(self._folder.state)
            closing.callback(state.close)
            counts = await self._make(plan, source, state, keep_old)
            refused = len(state.refused)
        await asyncio.to_thread(self._target.clear)
        self._folder.clear()
        return Summary(self._target.name, plan.origin, counts, refused, self._meter.now())

    async def _make(self, plan: Plan, source: Source, state: RebuildState, keep_old: bool) -> Mapping[str, int]:
        filling = Filling(source, self._target, state, self._meter)
        self._meter.resume(sum(state.cursor(number).position for number in partitions()))
        await self._catch_up(filling, source)
        await asyncio.to_thread(self._target.settle)
        async with self._target.still(plan.marks):
            await self._pass(filling, await source.ends(), "the rest")
            counts = await self._compared(plan, state)
            await self._target.swap(plan.marks, keep_old=keep_old)
        return counts

    async def _catch_up(self, filling: Filling, source: Source) -> None:
        """Reads on until little is left, or until it gets no less: events may come as fast as they are read."""
        doing, before = f"filling {self._target.name}", -1
        left = filling.left(ends := await source.ends())
        while left and (before < 0 or _REST < left < before):
            await self._pass(filling, ends, doing)
            doing, before = "catching up", left
            left = filling.left(ends := await source.ends())

    async def _pass(self, filling: Filling, ends: Mapping[int, int], doing: str) -> None:
        self._meter.begin(doing, left=filling.left(ends))
        await filling.fill(ends)

    def _planned(self, plan: Plan | None, chosen: Origin, asked: Origin | None) -> Plan:
        """The plan to go on with, its target made."""
        if plan is None:
            if self._target.standing({}) is not Standing.ABSENT:
                raise UsageError(
                    f"a rebuild of {self._target.name} that this machine knows nothing of is under way, or was left",
                    hint="Go on with it where it was started, or remove what it filled with --abandon.",
                )
            plan = Plan(chosen, present_revisions(), {})
            self._folder.save(plan)
        self._check(plan, asked)
        if not plan.marks:
            self._target.discard()
            self._folder.clear_state()
            plan = replace(plan, marks=dict(self._target.prepare()))
            self._folder.save(plan)
        return plan

    def _check(self, plan: Plan, asked: Origin | None) -> None:
        hint = "Give that rebuild up with --abandon, and begin again."
        if asked and asked != plan.origin:
            raise UsageError(f"a rebuild from the {plan.origin} has begun", hint=hint)
        if plan.revisions != present_revisions():
            raise UsageError("a rebuild has begun under other revisions of the derivations", hint=hint)
        if plan.marks and self._target.standing(plan.marks) is Standing.ABSENT:
            raise UsageError("what a rebuild has filled is not there any more", hint=hint)

    async def _compared(self, plan: Plan, state: RebuildState) -> Mapping[str, int]:
        """What the target holds, once that is what was derived.

        Raises:
            SessionTrackError: It is not.
        """
        await self._check_refused(state.refused)
        expected = state.counts(partitions())
        found = await self._target.counts(plan.marks)
        for topic, count in found.items():
            if count != expected.get(topic, 0):
                raise SessionTrackError(
                    f"the new {self._target.name} holds {count:,} records of {topic}, not the"
                    f" {expected.get(topic, 0):,} that the events come to; the one in use stays",
                    hint="Give the rebuild up with --abandon, and begin again.",
                )
        return found

    async def _check_refused(self, refused: frozenset[RecordId]) -> None:
        known = await set_aside(self._settings, self._target.name) if refused else set()
        new = sorted(record.id for record in refused if record.id not in known)
        if new:
            raise SessionTrackError(
                f"{len(new):,} records that are in the store in use do not fit the new one, the first of them"
                f" {new[0]}; the one in use stays",
                hint="Mend the mapping or the table, then give the rebuild up with --abandon, and begin again.",
            )

    async def _finished(self) -> Summary:
        """An earlier run was ended after the swap."""
        await asyncio.to_thread(self._target.clear)
        self._folder.clear()
        return Summary(self._target.name, None, {}, 0, self._meter.now())
