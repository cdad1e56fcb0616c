"""Runs a plan of faults on the real system: each group hits, is undone, and is recovered from; then all is checked."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import takewhile

from httpx import HTTPError
from opensearchpy.exceptions import OpenSearchException

from sessiontrack.errors import SessionTrackError
from tests.faults.checks import Findings, check
from tests.faults.plan import Fault
from tests.faults.recovery import wait_until_recovered
from tests.faults.system import System
from tests.faults.writer import Writer, Written

# Between the faults of a group: they overlap, and do not come at one moment.
_APART_S = 0.3


class FaultError(AssertionError):
    """The system did not outlive its faults."""


@dataclass
class Recovered:
    """A group of faults, and how long it took.

    Attributes:
        faults: The group.
        seconds: From the moment at which its faults were being undone, until all that was written was in every store.
    """

    faults: list[Fault]
    seconds: float


@dataclass
class Results:
    """What a run came to.

    Attributes:
        groups: All groups, in order.
        checks: How often everything was compared.
        exports: Transcripts that came back byte for byte.
        lines: Lines that were written.
        sessions: Transcripts that they are in.
        events: Records of the log.
        repeats: Of those, how many had come before.
        lost: Records that a store lacks.
        doubled: Records that nothing asks for.
        seconds: How long it took.
    """

    groups: list[Recovered] = field(default_factory=list)
    checks: int = 0
    exports: int = 0
    lines: int = 0
    sessions: int = 0
    events: int = 0
    repeats: int = 0
    lost: int = 0
    doubled: int = 0
    seconds: float = 0.0

    @property
    def faults(self) -> list[Fault]:
        """All faults, in order."""
        return [fault for group in self.groups for fault in group.faults]


class Run:
    """A run.

    Args:
        system: What is hit.
        writer: What it has to keep.
        seed: Of the plan, for messages.
        check_every: Faults between two checks.
        until: Of the monotonic clock: no group hits after it.
        progress: Told what happens.
    """

    def __init__(
        self,
        system: System,
        writer: Writer,
        seed: int,
        *,
        check_every: int,
        until: float,
        progress: Callable[[str], None],
    ) -> None:
        self.results = Results()
        self._system = system
        self._writer = writer
        self._seed = seed
        self._check_every = check_every
        self._until = until
        self._progress = progress
        self._begun = time.monotonic()
        self._unchecked = 0
        self._exported: dict[str, int] = {}

    def all(self, groups: Iterable[list[Fault]]) -> Results:
        """Runs a plan, and checks everything at the end of it.

        Raises:
            FaultError: Something was lost or doubled, or did not recover; the message has the seed and all faults.
        """
        self._recover()
        for group in takewhile(lambda group: time.monotonic() < self._until, groups):
            self.hit(group)
            if self._unchecked >= self._check_every:
                self._check()
        self._exported.clear()
        self._check()
        self.results.seconds = time.monotonic() - self._begun
        return self.results

    def hit(self, group: list[Fault]) -> None:
        """One group of faults: hits, lasts, is undone, is recovered from."""
        self._progress(f"{len(self.results.faults) + len(group):4}  " + "; ".join(map(str, group)))
        self.results.groups.append(Recovered(group, 0.0))
        with self._telling("can't be hit"), ExitStack() as undoing:
            for fault in group:
                undoing.enter_context(fault.kind.hit(self._system, fault.target))
                time.sleep(_APART_S)
            time.sleep(max(fault.seconds for fault in group))
            begun = time.monotonic()
        self._recover()
        self.results.groups[-1].seconds = time.monotonic() - begun
        self._progress(f"      recovered in {self.results.groups[-1].seconds:.1f} s")
        self._unchecked += len(group)

    def _recover(self) -> None:
        with self._telling("no recovery"):
            self._system.start_servers()
            with self._writer.paused() as written:
                wait_until_recovered(self._system.settings, written)
        if dead := self._system.dead_workers():
            raise FaultError(self._told(f"workers that are not started again: {', '.join(dead)}"))

    def _check(self) -> None:
        with self._telling("can't be checked"), self._writer.paused() as written:
            changed = {session for session, lines in written.lines.items() if self._exported.get(session) != lines}
            findings = check(self._system.settings, written, self._writer.transcripts(), changed)
            self._exported |= {session: written.lines[session] for session in changed}
            self._note(findings, written)
        if not findings.are_none:
            raise FaultError(self._told(_description(findings)))
        self._unchecked = 0
        self._progress(f"      checked: {self.results.lines} lines, {findings.exports} exports")

    def _note(self, findings: Findings, written: Written) -> None:
        results = self.results
        results.checks += 1
        results.exports += findings.exports
        results.lines, results.sessions = written.lines.total(), len(written.lines)
        results.events, results.repeats = findings.events, findings.repeats
        results.lost, results.doubled = findings.lost.total(), findings.doubled.total()

    @contextmanager
    def _telling(self, problem: str) -> Iterator[None]:
        try:
            yield
        except (SessionTrackError, HTTPError, OpenSearchException) as error:
            raise FaultError(self._told(f"{problem}: {error}")) from error

    def _told(self, problem: str) -> str:
        faults = "\n".join("  " + "; ".join(map(str, group.faults)) for group in self.results.groups)
        return f"{problem}\nseed {self._seed}, faults until now:\n{faults}"


def _description(findings: Findings) -> str:
    lost = [f"lost {count}: {dataset}" for dataset, count in findings.lost.items()]
    doubled = [f"doubled {count}: {dataset}" for dataset, count in findings.doubled.items()]
    return "; ".join([*lost, *doubled, *findings.differing[:20]])
