"""Whatever is done to a database, each generation that stood when it was read can be put together again."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Coroutine
from hashlib import sha256
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from producers.clawdbot.database_reader import DatabaseReader
from sessiontrack.errors import TransientError
from sessiontrack.identity import GENESIS, entry_key, next_chain, parse_json
from streams.derive import derive
from tests.unit.producers.clawdbot.agent_database import AgentDatabaseWriter, database_in
from tests.unit.producers.clawdbot.writing import FailingLog, header, look_around, message, raw_of

_SESSIONS = st.sampled_from(["11111111-2222-4333-8444-555555555555", "odd/../name", "third"])
_LINES = st.lists(st.builds(message, st.integers(0, 50), st.text("ab ", max_size=400)), min_size=1, max_size=4)


class Following(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.writer = AgentDatabaseWriter(database_in(self.folder))
        self.log = FailingLog()
        self.reader: DatabaseReader = self.log.database_reader(self.folder)
        self.loop = asyncio.new_event_loop()
        self.seen: set[bytes] = set()
        self.entries: dict[str, set[bytes]] = defaultdict(set)
        self.cold: dict[str, list[bytes]] = {}
        # Sessions whose deletion is to be told.
        self.deleted: set[str] = set()

    def teardown(self) -> None:
        self.reader.close()
        self.writer.close()
        self.loop.close()
        shutil.rmtree(self.folder)
        self.totals_are_those_of_a_plain_count()

    def run(self, work: Coroutine[object, object, None]) -> None:
        self.loop.run_until_complete(work)

    @initialize()
    def begin(self) -> None:
        self.run(self.reader.read_all(final=False))

    @rule(session=_SESSIONS, lines=_LINES, compressed=st.booleans())
    def append(self, session: str, lines: list[bytes], compressed: bool) -> None:
        self.warm(session)
        # What comes back at once was rewritten, for all that can be seen.
        self.deleted.discard(session)
        first = [] if self.writer.lines(session) else [header(session)]
        self.writer.append(session, *first, *lines, compressed=compressed)

    @rule(session=_SESSIONS, place=st.floats(0, 1), lines=_LINES)
    def rewrite_in_the_middle(self, session: str, place: float, lines: list[bytes]) -> None:
        before = self.writer.lines(session)
        if before:
            at = 1 + int(place * (len(before) - 1))
            self.writer.replace(session, [*before[:at], *lines, *before[at + 1 :]])

    @rule(session=_SESSIONS, keep=st.integers(0, 5))
    def compact(self, session: str, keep: int) -> None:
        if self.writer.lines(session):
            self.writer.compact(session, keep)

    @rule(session=_SESSIONS, reason=st.sampled_from(["deleted", "reset", None]))
    def delete(self, session: str, reason: str | None) -> None:
        if self.writer.lines(session):
            self.writer.delete(session, reason)
            if reason == "deleted" or (reason is None and session in self.entries):
                self.deleted.add(session)

    @rule(session=_SESSIONS, in_file=st.booleans())
    def cool(self, session: str, in_file: bool) -> None:
        if lines := self.writer.lines(session):
            self.cold[session] = lines
            self.writer.cool(session, self.folder / "agents" / "main" / "sessions" / "cold" if in_file else None)

    @rule(session=_SESSIONS)
    def warm(self, session: str) -> None:
        if lines := self.cold.pop(session, None):
            self.writer.warm(session, lines)

    @rule()
    def vacuum(self) -> None:
        """Numbers the rows anew, unseen by the product."""
        self.writer.connection.execute("VACUUM")

    @rule()
    def notice(self) -> None:
        self.run(self.reader.read_changed([self.writer.path.with_name(self.writer.path.name + "-wal")]))
        self.check()

    @rule()
    def look_around(self) -> None:
        self.run(look_around(self.reader))
        self.check()
        assert self.deleted <= {event["session_id"] for event in self.log.of_kind("LIFECYCLE")}

    @rule(since=st.sampled_from([0, 2**62]))
    def restart(self, since: int) -> None:
        self.reader.close()
        self.reader = self.log.database_reader(self.folder)
        self.run(self.reader.read_all(final=False, resend_since=since))
        self.check()

    @rule(batches=st.integers(0, 4))
    def fail_and_restart(self, batches: int) -> None:
        self.log.left = batches
        try:
            self.run(look_around(self.reader))
        except TransientError:
            self.reader.close()
            self.reader = self.log.database_reader(self.folder)
        self.log.left = None
        self.run(self.reader.read_all(final=False))
        self.check()

    def check(self) -> None:
        """What is in the database now can be put together."""
        rows = self.writer.connection.execute("SELECT DISTINCT session_id FROM transcript_events")
        for (session,) in rows.fetchall():
            lines = self.writer.lines(session)
            chain = GENESIS
            for line in lines:
                chain = next_chain(chain, line)
            assert self.log.generation(chain) == b"".join(lines)
            self.seen.add(chain)
            self.entries[session] |= {entry_key(parse_json(line)) for line in lines if b'"message"' in line}

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

    def totals_are_those_of_a_plain_count(self) -> None:
        sessions = derive(self.log.events).sessions
        sent = defaultdict(set)
        for event in self.log.events:
            if event["kind"] == "MESSAGE":
                sent[event["session_id"]].add(event["entry_key"])
        for session, keys in self.entries.items():
            assert keys <= sent[session]
            assert sessions[session]["message_count"] == len(sent[session])


TestFollowing = Following.TestCase
TestFollowing.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
