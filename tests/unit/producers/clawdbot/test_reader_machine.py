"""Whatever is done to a transcript, each generation that was read can be put together again from the events."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Coroutine
from hashlib import sha256
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from producers.clawdbot.batches import Batch
from producers.clawdbot.discover import recognise
from producers.clawdbot.reader import Reader
from sessiontrack.errors import TransientError
from sessiontrack.identity import GENESIS, next_chain
from tests.unit.producers.clawdbot.writing import SESSION, Log, content, header, message, raw_of, write

_lines = st.lists(st.builds(message, st.integers(0, 50), st.text("ab ", max_size=400)), min_size=1, max_size=4)
_ARCHIVES = ("reset", "deleted", "bak")


class _FailingLog(Log):
    """Fails after so many batches, as a broker that goes away; what it took it has."""

    def __init__(self) -> None:
        super().__init__()
        self.left: int | None = None

    async def send(self, batch: Batch) -> None:
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise TransientError("the broker went away")
        await super().send(batch)


class Following(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.path = self.folder / f"{SESSION}.jsonl"
        self.log = _FailingLog()
        self.reader: Reader = self.log.reader(self.folder)
        self.put_away = 0
        self.loop = asyncio.new_event_loop()
        self.seen: set[bytes] = set()

    def teardown(self) -> None:
        self.loop.close()
        shutil.rmtree(self.folder)

    def run(self, work: Coroutine[object, object, None]) -> None:
        self.loop.run_until_complete(work)

    @initialize(lines=_lines)
    def begin(self, lines: list[bytes]) -> None:
        write(self.path, header() + b"".join(lines))
        self.run(self.reader.read_all(final=False))

    @rule(lines=_lines)
    def append(self, lines: list[bytes]) -> None:
        write(self.path, b"".join(lines), append=True)

    @rule(line=_lines.map(lambda lines: lines[0]), length=st.integers(1, 60))
    def tear(self, line: bytes, length: int) -> None:
        write(self.path, line[:length], append=True)

    @rule()
    def complete(self) -> None:
        write(self.path, b"\n", append=True)

    @rule(lines=_lines)
    def rewrite(self, lines: list[bytes]) -> None:
        write(self.path, header() + b"".join(lines))

    @rule(keep=st.floats(0, 1))
    def truncate(self, keep: float) -> None:
        data = content(self.path)
        write(self.path, data[: int(len(data) * keep)])

    @rule(archive=st.sampled_from(_ARCHIVES), lines=_lines)
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

    @rule()
    def look_around(self) -> None:
        self.run(self.reader.look_around())
        self.check()

    @rule(final=st.booleans(), since=st.sampled_from([0, 2**62]))
    def restart(self, final: bool, since: int) -> None:
        self.reader = self.log.reader(self.folder)
        self.run(self.reader.read_all(final=final, resend_since=since))
        self.check(final=final)

    @precondition(lambda self: self.log.left is None)
    @rule(batches=st.integers(0, 4))
    def fail_and_restart(self, batches: int) -> None:
        self.log.left = batches
        try:
            self.run(self.reader.look_around())
        except TransientError:
            self.reader = self.log.reader(self.folder)
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
                lines = [line for line in lines if line.endswith(b"\n")]
            chain = GENESIS
            for line in lines:
                chain = next_chain(chain, line)
            if recognise(path, lines) is None:
                continue
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
