"""Whatever is done to transcripts, each generation that was read can be put together again, and counts once."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import AsyncGenerator, Coroutine
from hashlib import sha256
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from producers.clawdbot.discover import recognise
from producers.clawdbot.reader import Reader
from sessiontrack.errors import TransientError
from sessiontrack.identity import GENESIS, next_chain
from streams.derive import derive
from tests.unit.producers.clawdbot.counting import Totals, count_lines, totals_of
from tests.unit.producers.clawdbot.migration import migrated
from tests.unit.producers.clawdbot.writing import (
    AFTER_FORK,
    LINES,
    SESSION,
    VERSIONS,
    FailingLog,
    content,
    forked,
    header,
    look_around,
    message,
    raw_of,
    write,
)

_ENDED = object()
_ARCHIVES = ("reset", "deleted", "bak")


class Following(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.path = self.folder / f"{SESSION}.jsonl"
        self.log = FailingLog()
        self.reader: Reader = self.log.reader(self.folder)
        self.put_away = 0
        self.loop = asyncio.new_event_loop()
        self.seen: set[bytes] = set()
        self.totals: dict[str, Totals] = {}
        self.forks = 0
        self.round: AsyncGenerator[None, None] | None = None

    def teardown(self) -> None:
        try:
            self.totals_are_those_of_a_plain_count()
        finally:
            self.loop.close()
            shutil.rmtree(self.folder)

    def run(self, work: Coroutine[object, object, None]) -> None:
        self.loop.run_until_complete(work)

    @initialize(version=VERSIONS, lines=LINES)
    def begin(self, version: int | None, lines: list[bytes]) -> None:
        write(self.path, header(version=version) + b"".join(lines))
        self.run(self.reader.read_all(final=False))
        self.check()

    def totals_are_those_of_a_plain_count(self) -> None:
        for session_id, session in derive(self.log.events).sessions.items():
            assert totals_of(session) == self.totals[session_id]

    @rule(lines=LINES)
    def append(self, lines: list[bytes]) -> None:
        write(self.path, b"".join(lines), append=True)

    @rule(line=LINES.map(lambda lines: lines[0]), length=st.integers(1, 60))
    def tear(self, line: bytes, length: int) -> None:
        write(self.path, line[:length], append=True)

    @rule()
    def complete(self) -> None:
        write(self.path, b"\n", append=True)

    @rule(version=VERSIONS, lines=LINES)
    def rewrite(self, version: int | None, lines: list[bytes]) -> None:
        write(self.path, header(version=version) + b"".join(lines))

    @rule(keep=st.floats(0, 1))
    def truncate(self, keep: float) -> None:
        data = content(self.path)
        write(self.path, data[: int(len(data) * keep)])

    @rule()
    def migrate(self) -> None:
        write(self.path, migrated(content(self.path)))

    @rule(keep=st.integers(0, 4), first=st.sampled_from([b"", b"\n", header()]))
    def compact(self, keep: int, first: bytes) -> None:
        """Some versions lose the header so, and leave an empty first line."""
        self.put_away += 1
        lines = content(self.path).splitlines(keepends=True)
        self.path.rename(self.path.with_name(f"{self.path.name}.bak.2026-11-21T00-00-00.{self.put_away:03d}Z"))
        write(self.path, first + b"".join(lines[-keep:] if keep else []))

    @precondition(lambda self: self.forks < 3)
    @rule(number=st.integers(0, 50))
    def fork(self, number: int) -> None:
        self.forks += 1
        session_id = f"{self.forks:08x}-2222-4333-8444-555555555555"
        path = self.folder / f"2026-11-22T02-00-00-000Z_{session_id}.jsonl"
        write(path, forked(self.path, session_id) + message(number, at=AFTER_FORK))

    @rule(archive=st.sampled_from(_ARCHIVES), lines=LINES)
    def put_away_and_begin_anew(self, archive: str, lines: list[bytes]) -> None:
        self.put_away += 1
        name = f"{self.path.name}.{archive}.2026-11-22T00-00-00.{self.put_away:03d}Z"
        self.path.rename(self.path.with_name(name))
        write(self.path, header() + b"".join(lines))

    @rule()
    def notice(self) -> None:
        """The system tells of every name that changed, of a rename both."""
        self.run(self.reader.read_changed(self.folder.iterdir()))
        self.check()

    @rule(pieces=st.integers(1, 6))
    def look_around_for_a_while(self, pieces: int) -> None:
        """A round that changes of all sorts come between; what it has not come to yet is noticed."""
        self.round = self.round or self.reader.look_around()
        for _ in range(pieces):
            if self.loop.run_until_complete(anext(self.round, _ENDED)) is _ENDED:
                self.round = None
                break
        self.notice()

    @rule()
    def look_around(self) -> None:
        self.run(look_around(self.reader))
        self.check()

    @rule(final=st.booleans(), since=st.sampled_from([0, 2**62]))
    def restart(self, final: bool, since: int) -> None:
        self.reader, self.round = self.log.reader(self.folder), None
        self.run(self.reader.read_all(final=final, resend_since=since))
        self.check(final=final)

    @precondition(lambda self: self.log.left is None)
    @rule(batches=st.integers(0, 4))
    def fail_and_restart(self, batches: int) -> None:
        self.log.left = batches
        try:
            self.run(look_around(self.reader))
        except TransientError:
            self.reader, self.round = self.log.reader(self.folder), None
        self.log.left = None
        self.run(self.reader.read_all(final=False))
        self.check()

    def check(self, *, final: bool = False) -> None:
        """What is in the files now can be put together, as far as it is a transcript."""
        for path in self.folder.iterdir():
            data = content(path)
            whole = final or path != self.path
            lines = data.splitlines(keepends=True)
            if not whole:
                lines = [each for each in lines if each.endswith(b"\n")]
            chain = GENESIS
            for each in lines:
                chain = next_chain(chain, each)
            session_id = recognise(path, lines)
            if session_id is None:
                continue
            count_lines(self.totals.setdefault(session_id, Totals()), lines)
            assert self.log.generation(chain) == b"".join(lines)
            self.seen.add(chain)

    @invariant()
    def what_was_sent_stays(self) -> None:
        for chain in self.seen:
            self.log.generation(chain)

    @invariant()
    def heads_are_true(self) -> None:
        for event in self.log.of_kind("TRANSCRIPT_HEAD"):
            head = event["payload"] and event["payload"]["transcript_head"]
            assert head
            assert event["chain"]
            data = self.log.generation(event["chain"])
            assert (head["bytes"], head["sha256"]) == (len(data), sha256(data).digest())

    @invariant()
    def equal_events_are_equal(self) -> None:
        raws: dict[str, bytes | None] = {}
        for event in self.log.events:
            assert raws.setdefault(event["event_id"], raw_of(event)) == raw_of(event)


TestFollowing = Following.TestCase
TestFollowing.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
