"""Captures transcripts: reads what is there, then follows it, until it is told to stop."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from producers.clawdbot.checkpoints import CheckpointStore, exclusive
from producers.clawdbot.counts import Counts
from producers.clawdbot.delivery import Delivery
from producers.clawdbot.discover import state_folders
from producers.clawdbot.disk_guard import DiskGuard
from producers.clawdbot.follow import follow
from producers.clawdbot.sources import Sources
from producers.emitter import SessionEmitter
from producers.left_behind import send_left_behind
from sessiontrack.data_folder import claim_data_folder
from sessiontrack.errors import TransientError, UnavailableError, UsageError
from sessiontrack.settings import Settings
from sessiontrack.telemetry.health import Health
from sessiontrack.telemetry.metrics import CaptureMetrics

_MINUTE_MS = 60_000
_FIRST_BACKOFF_S = 1.0
_LONGEST_BACKOFF_S = 30.0
# After a signal: long enough for a broker that is well, short enough for a supervisor's patience.
_GRACE_S = 10.0
# How often a broker is asked whether it is there.
_ASK_S = 5.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class CaptureProgress:
    """How far a capture is.

    Attributes:
        files_total: Files that are named like transcripts.
        files_done: Of these, the ones that were read.
        events: Events that were sent.
        bytes: Bytes of the lines that were sent.
        following: All files were read once; what comes now is live.
    """

    files_total: int
    files_done: int
    events: int
    bytes: int
    following: bool = False


@dataclass(frozen=True, slots=True)
class CaptureSummary:
    """What a capture did.

    Attributes:
        files: Transcripts that were read or found unchanged.
        sessions: Their sessions.
        events: Events that were sent and acknowledged.
        lines: Lines that were sent.
        bytes: Bytes of these lines.
        unparsed: Lines of these that could not be parsed; they are kept as they stand.
        skipped: Files and folders that were passed over, by reason.
        faults: Lines with a fault, by fault.
        seconds: How long it took.
    """

    files: int
    sessions: int
    events: int
    lines: int
    bytes: int
    unparsed: int
    skipped: dict[str, int] = field(default_factory=dict)
    faults: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0


async def capture(
    settings: Settings,
    roots: list[Path],
    *,
    once: bool,
    on_progress: Callable[[CaptureProgress], None] = lambda progress: None,
    stop: asyncio.Event | None = None,
    metrics: CaptureMetrics | None = None,
    health: Health | None = None,
) -> CaptureSummary:
    """Captures the transcripts below some folders.

    Args:
        settings: Where the servers and the checkpoints are.
        roots: State folders, or any folders that hold transcripts; where empty those of the settings, else those that
            are found.
        once: Return when everything there is has been acknowledged, instead of following it.
        on_progress: Told how far it is.
        stop: Ends it; SIGINT and SIGTERM do where it is left out.
        metrics: Counts what is read, sent and acknowledged.
        health: Told that it runs, and what it waits for.

    Raises:
        UsageError: There is nothing to capture, another capture works with the same data folder, or, where it is to be
            done once, large lines have no object store to go to.
        UnavailableError: A server does not answer at the start. Later it is waited for.
    """
    # Events are trees without cycles, and go when their batch does: to look for garbage takes a tenth of the time.
    gc.set_threshold(50_000, 10, 10)
    # It tells of each attempt to reach a broker that is away, many in a second; here that is said once.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    work = _Capture(settings, _existing(roots or settings.capture.roots or None), once, on_progress)
    work.metrics, work.health = metrics or CaptureMetrics(), health or Health()
    claim_data_folder(settings.data_dir)
    folder = settings.data_dir / "capture"
    if stop:
        work.stop = stop
    with exclusive(folder), nullcontext() if stop else _signals(work.stop):
        store = CheckpointStore(folder)
        try:
            return await work.run(store)
        finally:
            store.close()


class _Capture:
    def __init__(
        self, settings: Settings, roots: list[Path], once: bool, on_progress: Callable[[CaptureProgress], None]
    ) -> None:
        self.stop = asyncio.Event()
        self.metrics = CaptureMetrics()
        self.health = Health()
        self._settings = settings
        self._roots = roots
        self._once = once
        self._on_progress = on_progress
        self._began = time.monotonic()
        self._counts = Counts()
        self._connected = False

    async def run(self, store: CheckpointStore) -> CaptureSummary:
        backoff = 0.0
        while True:
            began = time.monotonic()
            try:
                await self._capture(store)
                return self._summary()
            except (TransientError, UnavailableError) as error:
                if not self._connected:
                    raise
                if self.stop.is_set():
                    log.warning("stopped: what the broker has not taken is sent at the next start", reason=str(error))
                    return self._summary()
                if time.monotonic() - began > _LONGEST_BACKOFF_S:
                    backoff = 0.0
                backoff = min(max(2 * backoff, _FIRST_BACKOFF_S), _LONGEST_BACKOFF_S)
                self.health.waits("kafka")
                log.warning("goes on from the checkpoints", reason=str(error), seconds=backoff)
                await _sleep(backoff, self.stop)

    async def _capture(self, store: CheckpointStore) -> None:
        emitter = SessionEmitter(self._settings, spool=False)
        await emitter.open()
        self._connected = True
        try:
            self.metrics.restarted()
            self.health.ready()
            reserve = self._settings.disk_reserve_bytes
            disk = DiskGuard(self._settings.data_dir, reserve, self.stop, self.health)
            delivery = Delivery(emitter, store, metrics=self.metrics, health=self.health, disk=disk)
            with closing(self._sources(delivery, store)) as sources:
                works = [delivery.run(), delivery.resume(), self._read(sources, delivery), self._grace()]
                if not self._once:
                    works += [send_left_behind(self._settings), _tell_if_heard(emitter, self.health)]
                await _first_to_end(*works)
        finally:
            await emitter.close()

    def _sources(self, delivery: Delivery, store: CheckpointStore) -> Sources:
        return Sources(
            self._roots,
            self._settings.family,
            store.load(),
            store.load_generations(),
            delivery.send,
            _now_ms,
            self._counts,
            self.stop.is_set,
            self.metrics,
        )

    async def _read(self, reader: Sources, delivery: Delivery) -> None:
        since = _now_ms() - self._settings.capture.resend_minutes * _MINUTE_MS
        await reader.read_all(final=self._once, resend_since=since, on_file=self._report)
        await delivery.drain()
        if not self.stop.is_set():
            await delivery.forget(reader.gone())
        if self._once and not self.stop.is_set():
            await delivery.require_all()
        if not self._once:
            await follow(reader, self._roots, self.stop, lambda: self._report(following=True), self.health)
            await delivery.drain()

    async def _grace(self) -> None:
        await self.stop.wait()
        await asyncio.sleep(_GRACE_S)
        raise TransientError("the broker does not acknowledge")

    def _report(self, *, following: bool = False) -> None:
        counts = self._counts
        self.health.beat()
        self._on_progress(
            CaptureProgress(counts.files_found, counts.files_read, counts.events, counts.bytes, following)
        )

    def _summary(self) -> CaptureSummary:
        counts = self._counts
        return CaptureSummary(
            files=len(counts.transcripts),
            sessions=len(counts.sessions),
            events=counts.events,
            lines=counts.lines,
            bytes=counts.bytes,
            unparsed=counts.unparsed,
            skipped=dict(Counter(counts.skipped.values())),
            faults=dict(counts.faults),
            seconds=time.monotonic() - self._began,
        )


async def _tell_if_heard(emitter: SessionEmitter, health: Health) -> None:
    """Says when the broker is away, and when it is back: while nothing is sent nothing else would notice."""
    away = False
    while True:
        await asyncio.sleep(_ASK_S)
        if not await emitter.is_heard():
            health.waits("kafka")
            away = True
        elif away:
            health.ready()
            away = False


def _existing(roots: list[Path] | None) -> list[Path]:
    named = roots if roots is not None else state_folders(os.environ, Path.home())
    found = [root.expanduser().absolute() for root in named if root.expanduser().exists()]
    for root in named:
        if not root.expanduser().exists():
            log.warning("does not exist, passed over", path=str(root))
    if not found:
        missing = ", ".join(map(str, named))
        raise UsageError(
            f"no such folder: {missing}" if named else "no Clawdbot, Moltbot or OpenClaw state folder was found",
            hint="Name one: `sessiontrack capture --root ~/.clawdbot`.",
        )
    return found


@contextmanager
def _signals(stop: asyncio.Event) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    installed = []
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, stop.set)
            installed.append(number)
        except (ValueError, RuntimeError, NotImplementedError):
            break  # not the main thread: whoever runs it there stops it by cancelling
    try:
        yield
    finally:
        for number in installed:
            loop.remove_signal_handler(number)


async def _sleep(seconds: float, stop: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        pass


async def _first_to_end(*works: Coroutine[object, object, None]) -> None:
    """Runs all until one of them ends, and raises what that one raises."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
