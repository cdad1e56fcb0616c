"""Whatever happens to transcripts, and to their capture at the same time: nothing is lost, nothing counts twice."""

from __future__ import annotations

import asyncio
import signal
import subprocess
from collections.abc import Coroutine, Iterator
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar
from uuid import UUID

import pytest
from hypothesis import Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from queries.export import export, generations
from queries.postgres import connected
from queries.sessions import fetch_session
from sessiontrack.identity import GENESIS, next_chain
from sessiontrack.settings import Settings
from tests.stack.capture_process import start
from tests.stack.pipeline import Pipeline, differences
from tests.stack.reading import EventLog, event_log
from tests.stack.waiting import PATIENCE_S, reaped, until
from tests.unit.producers.clawdbot.counting import Totals, count_lines, totals_of
from tests.unit.producers.clawdbot.migration import migrated
from tests.unit.producers.clawdbot.writing import AFTER_FORK, LINES, VERSIONS, content, forked, header, message

# Each example is a history of some fifty steps with two or three kills: together about a minute.
_EXAMPLES = 6
_STEPS = 50
ResultT = TypeVar("ResultT")

_ARCHIVES = ("reset", "deleted", "bak")


class World:
    """A folder that is captured, and what is known of it.

    Args:
        stack: Where the servers are; its data folder is the capture's own.
        root: The folder.

    Attributes:
        generations: What stood in files for long enough to be read, by session.
    """

    def __init__(self, stack: Settings, root: Path) -> None:
        self.root = root
        self.generations: dict[str, set[bytes]] = {}
        self._stack = stack
        self._process: subprocess.Popen[bytes] | None = None
        # The consumer of the log wants its loop to run all the time.
        self._loop = asyncio.new_event_loop()
        # A daemon: a test that fails while this is made must not keep the interpreter from its end.
        self._thread = Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._context = event_log(stack)
        self._log: EventLog = self._wait_for(self._context.__aenter__())

    def close(self) -> None:
        """Ends what runs."""
        self.kill()
        self._wait_for(self._context.__aexit__(None, None, None))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def captures(self) -> bool:
        """Whether a capture runs."""
        return self._process is not None

    def follow(self) -> None:
        """Starts a capture."""
        assert self._process is None
        self._process = start(self._stack, self.root, "follow")

    def kill(self) -> None:
        """Ends the capture as a power failure would."""
        self._end(signal.SIGKILL)

    def capture_once(self) -> None:
        """Captures to the end, unterminated lines too."""
        self._end(signal.SIGTERM)
        with reaped(start(self._stack, self.root, "once")) as process:
            assert process.wait(PATIENCE_S) == 0

    def captured(self, path: Path, session_id: str, *, final: bool) -> None:
        """Waits until what is in a file is in the log, and notes what it is."""
        lines = content(path).splitlines(keepends=True)
        if not final and not _is_put_away(path):
            lines = [line for line in lines if line.endswith(b"\n")]
        if not any(b'"type":"session"' in line or b'"type":"message"' in line for line in map(_parsable, lines)):
            return  # nothing in it says that it is a transcript
        chain = GENESIS
        for line in lines:
            chain = next_chain(chain, line)
        self._wait_for(self._arrived(session_id, chain))
        self.generations.setdefault(session_id, set()).add(b"".join(lines))

    async def _arrived(self, session_id: str, chain: bytes) -> None:
        async def is_there() -> bool:
            return chain in {event["chain"] for event in await self._log.events({session_id})}

        await until(is_there, f"the end of a generation of {session_id} in the log")

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is not None:
            with reaped(process):
                process.send_signal(how)
                process.wait(PATIENCE_S)

    def _wait_for(self, work: Coroutine[Any, Any, ResultT]) -> ResultT:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(2 * PATIENCE_S)


class History(RuleBasedStateMachine):
    """One session's folder, and what an assistant and chance do in it."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world
        self.session_of: dict[Path, str] = {}
        self.put_away = 0

    @initialize(name=st.uuids(version=4), version=VERSIONS, lines=LINES)
    def begin(self, name: UUID, version: int | None, lines: list[bytes]) -> None:
        self.session_id = str(name)
        self.folder = self.world.root / "agents" / self.session_id[:8] / "sessions"
        self.folder.mkdir(parents=True)
        self.path = self.folder / f"{self.session_id}.jsonl"
        self.session_of[self.path] = self.session_id
        self.write(self.path, header(self.session_id, version=version) + b"".join(lines))

    def write(self, path: Path, data: bytes) -> None:
        path.write_bytes(data)

    def append_bytes(self, data: bytes) -> None:
        with self.path.open("ab") as file:
            file.write(data)

    @rule(lines=LINES)
    def append(self, lines: list[bytes]) -> None:
        self.append_bytes(b"".join(lines))

    @rule(line=LINES.map(lambda lines: lines[0]), length=st.integers(1, 60))
    def tear(self, line: bytes, length: int) -> None:
        self.append_bytes(line[:length])

    @rule()
    def complete(self) -> None:
        self.append_bytes(b"\n")

    @rule(version=VERSIONS, lines=LINES)
    def rewrite(self, version: int | None, lines: list[bytes]) -> None:
        self.write(self.path, header(self.session_id, version=version) + b"".join(lines))

    @rule(keep=st.floats(0, 1))
    def truncate(self, keep: float) -> None:
        data = content(self.path)
        self.write(self.path, data[: int(len(data) * keep)])

    @rule()
    def migrate(self) -> None:
        self.write(self.path, migrated(content(self.path)))

    @rule(archive=st.sampled_from(_ARCHIVES), lines=LINES)
    def put_away_and_begin_anew(self, archive: str, lines: list[bytes]) -> None:
        self._put_away(archive)
        self.write(self.path, header(self.session_id) + b"".join(lines))

    @rule(keep=st.integers(0, 4), first=st.sampled_from([b"", b"\n"]))
    def compact(self, keep: int, first: bytes) -> None:
        lines = content(self.path).splitlines(keepends=True)
        self._put_away("bak")
        self.write(self.path, first + b"".join(lines[-keep:] if keep else []))

    def _put_away(self, archive: str) -> None:
        self.put_away += 1
        name = f"{self.path.name}.{archive}.2026-11-22T00-00-00.{self.put_away:03d}Z"
        self.session_of[self.path.rename(self.path.with_name(name))] = self.session_id

    @rule(name=st.uuids(version=4), number=st.integers(0, 50))
    def fork(self, name: UUID, number: int) -> None:
        path = self.folder / f"2026-11-22T02-00-00-000Z_{name}.jsonl"
        self.session_of[path] = str(name)
        self.write(path, forked(self.path, str(name)) + message(number, at=AFTER_FORK))

    @rule(place=st.integers(0, 9))
    def delete(self, place: int) -> None:
        others = sorted(path for path in self.session_of if path != self.path)
        if others:
            path = others[place % len(others)]
            path.unlink()
            del self.session_of[path]

    @precondition(lambda self: self.world.captures)
    @rule()
    def rest(self) -> None:
        self.check(final=False)

    @precondition(lambda self: self.world.captures)
    @rule()
    def kill(self) -> None:
        self.world.kill()

    @precondition(lambda self: not self.world.captures)
    @rule()
    def start(self) -> None:
        self.world.follow()

    def teardown(self) -> None:
        if self.session_of:
            self.world.capture_once()
            self.check(final=True)

    def check(self, *, final: bool) -> None:
        for path, session_id in self.session_of.items():
            self.world.captured(path, session_id, final=final)


@pytest.fixture
def world(pipeline: Pipeline, tmp_path: Path) -> Iterator[World]:
    world = World(pipeline.settings.model_copy(update={"data_dir": tmp_path / "data"}), tmp_path / ".clawdbot")
    world.root.mkdir()
    try:
        yield world
    finally:
        world.close()


def test_any_history_is_kept_and_counted_once(world: World, pipeline: Pipeline) -> None:
    run_state_machine_as_test(
        seed(20261122)(lambda: History(world)),  # type: ignore[arg-type]  # it takes what makes one
        settings=settings(
            max_examples=_EXAMPLES,
            stateful_step_count=_STEPS,
            deadline=None,
            database=None,
            # To find a smaller example takes a thousand captures.
            phases=[Phase.generate],
        ),
    )
    assert world.generations
    assert not differences(pipeline.verify())
    for session_id, expected in world.generations.items():
        exported = [
            b"".join(export(pipeline.settings, session_id, generation.number))
            for generation in generations(pipeline.settings, session_id)
        ]
        for data in expected:
            # What was appended to is the beginning of what it became.
            assert any(each.startswith(data) for each in exported), session_id
        totals = Totals()
        for data in exported:
            count_lines(totals, data.splitlines(keepends=True))
        with connected(pipeline.settings) as connection:
            assert totals_of(fetch_session(connection, session_id)) == totals


def _is_put_away(path: Path) -> bool:
    return not path.name.endswith(".jsonl")


def _parsable(line: bytes) -> bytes:
    """The line where it is a whole JSON object."""
    return line if line.rstrip().endswith(b"}") else b""
