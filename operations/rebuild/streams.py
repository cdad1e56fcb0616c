"""rebuild streams: the stages begin again at the first event, be it in the archive alone."""

from __future__ import annotations

import asyncio
import time
from contextlib import closing

from aiokafka.errors import KafkaError

from infra.workers import start_workers, stop_workers, worker_states
from operations.rebuild.beginning import forget, set_back
from operations.rebuild.event_source import EventSource, open_source
from operations.rebuild.plan import Plan, RebuildFolder, claimed, present_revisions
from operations.rebuild.priming import Priming
from operations.rebuild.progress import Meter, Report
from operations.rebuild.source import Origin
from operations.rebuild.state import RebuildState
from operations.rebuild.summary import Summary
from queries.archive import Archive
from queries.lag import LogPositions
from queries.verify.cut import make_cut, wait_for_pipeline
from schemas.topics import EVENTS
from sessiontrack.errors import UnavailableError
from sessiontrack.settings import Settings

NAME = "streams"
GROUP = f"sessiontrack.{NAME}"
# For a worker that somebody else starts, such as Compose.
_STALL_S = 600.0


def rebuild_streams(
    settings: Settings,
    *,
    origin: Origin | None = None,
    accept_gaps: bool = False,
    report: Report = lambda progress: None,
) -> Summary:
    """Lets the stages begin again: here with what only the archive has, then in their worker with the log.

    What they publish again replaces nothing, where it is no newer. Started again after it ended in whatever way, it
    ends right.

    Args:
        settings: Where everything is.
        origin: Where to begin; chosen by what the log still has where it is None.
        accept_gaps: Go on also where events are missing from the archive and the log.
        report: Told how far it is.

    Raises:
        UsageError: It is running already, or a worker is that can't be stopped from here.
        UnavailableError: A server does not answer, or a worker does not go on.
    """
    with claimed(settings.data_dir, NAME) as folder, Archive(settings) as archive:
        rebuild = _Rebuild(settings, folder, archive, Meter(report, time.monotonic))
        try:
            return asyncio.run(rebuild.run(origin, accept_gaps=accept_gaps))
        except KafkaError as error:
            raise UnavailableError(
                f"the log does not serve: {type(error).__name__}", hint="`sessiontrack status` shows why."
            ) from error


class _Rebuild:
    def __init__(self, settings: Settings, folder: RebuildFolder, archive: Archive, meter: Meter) -> None:
        self._settings = settings
        self._folder = folder
        self._archive = archive
        self._meter = meter

    async def run(self, origin: Origin | None, *, accept_gaps: bool) -> Summary:
        """The stages, one per line. Wherever it is cut, all of it can be done again."""
        plan = self._folder.load()
        source, chosen = await open_source(
            self._settings, self._archive, plan.origin if plan else origin, accept_gaps=accept_gaps
        )
        # A run that was killed has stopped the worker: it is still to be started.
        is_ours = bool(plan and plan.marks["is_ours"]) or self._is_kept_running()
        self._folder.save(Plan(chosen, present_revisions(), {"is_ours": is_ours}))
        with closing(source):
            await asyncio.to_thread(stop_workers, self._settings, [NAME])
            await set_back(self._settings, GROUP, EVENTS)
            await forget(self._settings, GROUP, self._settings.data_dir / NAME)
            refused = await self._primed(source)
            # Refused where a worker was started meanwhile: it knows a part only.
            await set_back(self._settings, GROUP, EVENTS)
            if is_ours:
                await asyncio.to_thread(start_workers, self._settings, [NAME])
            records = await self._passed()
        self._folder.clear()
        return Summary(NAME, chosen, {EVENTS.name: records}, refused, self._meter.now())

    async def _primed(self, source: EventSource) -> int:
        """Takes the stages through what only the archive has; returns how many of its events they refuse."""
        left = source.left_before_log()
        if not left:
            return 0
        self._meter.begin("reading what only the archive has", left=left)
        # Of a run that was killed: its changelog is forgotten.
        self._folder.clear_state()
        with closing(RebuildState(self._folder.state)) as state:
            priming = Priming(self._settings, source, state, self._meter)
            try:
                return await priming.run()
            finally:
                await priming.close()

    async def _passed(self) -> int:
        """Waits until every worker has read all of the log; returns how many records that is."""
        async with LogPositions(self._settings) as positions:
            cut = await make_cut(positions)
            await wait_for_pipeline(positions, cut, stall_s=_STALL_S, progress=self._tell)
        self._meter.begin("done", left=0)
        return cut.records

    def _tell(self, worker: str, lag: int) -> None:
        doing = f"the worker {worker} reads"
        now = self._meter.now()
        if now.doing == doing:
            self._meter.count(max(0, now.left - lag), 0)
        else:
            self._meter.begin(doing, left=lag)

    def _is_kept_running(self) -> bool:
        [state] = [each for each in worker_states(self._settings) if each.name == NAME]
        return state.state in ("running", "restarting")
