"""Whatever happens between the parts of a step, every store comes to hold what it holds where nothing happened.

Rules of one kind stand together; each may run at any time, in any order.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from consumers.archive.container import read_records
from consumers.archive.segments import LONGEST_WAIT_S
from consumers.projecting import Batch
from consumers.sink import Partition
from operations.rebuild.source import Origin
from queries.dead_letters.letter import Letter
from queries.dead_letters.topic import Standing
from schemas.codec import Encoder
from schemas.records import SessionEvent
from schemas.topics import DERIVED, EVENTS
from sessiontrack.errors import SessionTrackError, TransientError
from sessiontrack.identity import GENESIS, event_id, next_chain, uuid_of
from streams.derive import derive
from tests.faults.memory import EVENT_ENCODER, UNKNOWN_ENCODER
from tests.faults.pure import ARCHIVED, PARTITIONS, Archiver, Derivation, Pipeline, SinkWorker, Trouble
from tests.faults.rebuilding import Rebuilds
from tests.faults.redriving import Kill, discard, redrive
from tests.unit.operations.rebuild.memory import Killed
from tests.unit.streams.events import logs

_SESSIONS = 3
_PARTS = 3
# Events of each session that are there before anything happens, so that there is something for it to happen to.
_AT_FIRST = 12
_EVENTS = st.integers(1, 12)
# Records of a batch.
_COUNTS = st.integers(1, 6)
# How far a step comes before it ends: so many records, writes or calls; None is to its end.
_CUTS = st.none() | st.integers(0, 8)
_NUMBERS = st.integers(0, PARTITIONS - 1)
_STORES = st.sampled_from(["postgres", "opensearch"])
_TROUBLES: st.SearchStrategy[list[Trouble]] = st.lists(
    st.sampled_from(["in part", "before", "after"]), min_size=1, max_size=4
)
# What messages repeat nothing of, and no message is made of.
_OF_NO_MESSAGE = ("LIFECYCLE", "MODEL_CHANGE", "SESSION_INFO", "UNPARSED")
# Of a rebuild, until it is killed.
_STEPS = st.none() | st.integers(0, 30)
# Of seconds: shorter and longer than what the archive waits for.
_PAUSES = st.sampled_from([0.1, 2.0, 15.0])


def _sessions() -> st.SearchStrategy[list[list[SessionEvent]]]:
    """Logs of the sessions, each of several that tell of different entries and of the same tool calls."""
    parts = st.lists(logs(), min_size=_SESSIONS * _PARTS, max_size=_SESSIONS * _PARTS)
    return parts.map(
        lambda drawn: [
            list(_transcript(f"session-{session}", drawn[session * _PARTS : (session + 1) * _PARTS]))
            for session in range(_SESSIONS)
        ]
    )


def _transcript(session_id: str, parts: Sequence[Sequence[SessionEvent]]) -> Iterator[SessionEvent]:
    """The events of one session; what is a line follows the line before it."""
    chain, number, offset = GENESIS, 0, 0
    for part, event in ((part, event) for part, events in enumerate(parts) for event in events):
        if event["entry_key"] is None:
            yield {**event, "session_id": session_id, "event_id": uuid_of(session_id, str(part), event["event_id"])}
            continue
        line = json.dumps({"id": event["entry_id"], "part": part, "timestamp": event["occurred_at"]}).encode() + b"\n"
        previous, chain = chain, next_chain(chain, line)
        number, offset = number + 1, offset + len(line)
        assert event["payload"]
        yield {
            **event,
            "session_id": session_id,
            "event_id": event_id(event["family"], session_id, chain),
            "entry_key": sha256(event["entry_key"] + bytes([part])).digest(),
            "chain": chain,
            "previous_chain": previous,
            "line_number": number,
            "byte_offset": offset - len(line),
            "payload": {**event["payload"], "raw": line},
        }


class Faults(RuleBasedStateMachine):
    """The pipeline, and another one on the same log to which nothing happens."""

    @initialize(sessions=_sessions())
    def begin(self, sessions: list[list[SessionEvent]]) -> None:
        self.pipeline = Pipeline()
        self.folder = TemporaryDirectory()
        self.patch = pytest.MonkeyPatch()
        self.rebuilds = Rebuilds(self.pipeline, Path(self.folder.name), self.patch)
        self.unpublished = sessions
        self.events: list[SessionEvent] = []
        self.events_of_no_schema: list[SessionEvent] = []
        self.now = 0.0
        # What workers that paused have in hand, each of which may go on at any time, or never.
        self.derivations: list[Derivation] = []
        self.batches: list[tuple[str, Batch]] = []
        self.archivers: list[Archiver] = []
        # Dead letters as commands have read them, which may have changed since.
        self.standings: list[Standing] = []
        for session in range(_SESSIONS):
            self.produce(session, _AT_FIRST)
        for number in range(PARTITIONS):
            self.derive(number, _AT_FIRST, None, None)

    # What producers do.

    @rule(session=st.integers(0, _SESSIONS - 1), count=_EVENTS)
    def produce(self, session: int, count: int) -> None:
        for event in self.unpublished[session][:count]:
            self.events.append(event)
            self._append(event)
        del self.unpublished[session][:count]

    @rule(data=st.data(), count=_EVENTS)
    def duplicate(self, data: st.DataObject, count: int) -> None:
        """A capture sends lines again that it had sent."""
        first = data.draw(st.integers(0, len(self.events)))
        for event in self.events[first : first + count]:
            self._append(event)

    @rule(number=_NUMBERS, value=st.sampled_from([b"", b"\0\0\0\0\1torn"]))
    def produce_what_does_not_decode(self, number: int, value: bytes) -> None:
        self.pipeline.log.append(Partition(EVENTS.name, number), b"session-x", value, [])

    @rule(session=st.integers(0, _SESSIONS - 1))
    def produce_under_a_schema_that_the_registry_lacks(self, session: int) -> None:
        """Not of what messages repeat of their session: that is what is known when they come."""
        event = next((each for each in self.unpublished[session] if each["kind"] in _OF_NO_MESSAGE), None)
        if event:
            self.unpublished[session].remove(event)
            self.events_of_no_schema.append(event)
            self._append(event, UNKNOWN_ENCODER)

    # The streams: killed anywhere, and with an earlier owner that goes on with what it had in hand.

    @rule(number=_NUMBERS, count=_COUNTS, published=_CUTS, remembered=_CUTS)
    def derive(self, number: int, count: int, published: int | None, remembered: int | None) -> None:
        if derived := self.pipeline.streams.derive(number, count):
            self.pipeline.streams.publish(derived, published)
            if published is None:
                self.pipeline.streams.remember(derived, remembered)

    @rule(number=_NUMBERS, count=_COUNTS)
    def streams_pause(self, number: int, count: int) -> None:
        if derived := self.pipeline.streams.derive(number, count):
            self.derivations.append(derived)

    @rule(data=st.data(), published=_CUTS)
    def streams_go_on_after_a_rebalance(self, data: st.DataObject, published: int | None) -> None:
        """What comes late is out of date, and may set the state back: another worker owns the partition."""
        if self.derivations:
            derived = data.draw(st.sampled_from(self.derivations))
            self.pipeline.streams.publish(derived, published)
            if published is None:
                self.pipeline.streams.remember(derived)

    @rule()
    def rebuild_streams(self) -> None:
        """No worker of theirs is left that could bring the state back."""
        self.derivations.clear()
        self.pipeline.streams.forget()

    # The sinks: topics in any order, stores that refuse, workers that end before the commit or own nothing any more.

    @rule(store=_STORES, data=st.data(), count=_COUNTS, troubles=_TROUBLES, commits=st.booleans())
    def write(self, store: str, data: st.DataObject, count: int, troubles: Sequence[Trouble], commits: bool) -> None:
        """Without its commit the worker was killed before it."""
        sink = self.pipeline.sinks[store]
        written = sink.write(sink.poll(self._some_partitions(store, data), count), troubles)
        if commits:
            sink.commit(written)

    @rule(store=_STORES, data=st.data(), count=_COUNTS)
    def sink_pauses(self, store: str, data: st.DataObject, count: int) -> None:
        self.batches.append((store, self.pipeline.sinks[store].poll(self._some_partitions(store, data), count)))

    @rule(data=st.data(), troubles=_TROUBLES)
    def sink_goes_on_after_a_rebalance(self, data: st.DataObject, troubles: Sequence[Trouble]) -> None:
        """Its commit is refused."""
        if self.batches:
            store, batch = data.draw(st.sampled_from(self.batches))
            self.pipeline.sinks[store].write(batch, troubles)

    # The archive: objects grow while the log does, and an earlier owner puts its shorter ones late.

    @rule(number=_NUMBERS, count=_COUNTS, pause=_PAUSES, calls=_CUTS)
    def archive(self, number: int, count: int, pause: float, calls: int | None) -> None:
        archiver = self.pipeline.archivers[number]
        archiver.take(self.now, count)
        self.now += pause
        if (durable := self._put(archiver, calls)) is not None:
            self.pipeline.archived[number] = max(durable, self.pipeline.archived[number])

    @rule(number=_NUMBERS, count=_EVENTS)
    def archive_pauses(self, number: int, count: int) -> None:
        """With something in hand; a new owner begins anew."""
        archiver = self.pipeline.archivers[number]
        archiver.take(self.now, count)
        self.archivers.append(archiver)
        self.pipeline.archivers[number] = self.pipeline.archiver(number)

    @rule(data=st.data(), pause=_PAUSES, calls=_CUTS)
    def archive_goes_on_after_a_rebalance(self, data: st.DataObject, pause: float, calls: int | None) -> None:
        self.now += pause
        if self.archivers:
            self._put(data.draw(st.sampled_from(self.archivers)), calls)

    # The dead letters: taken up as they stand, or as they stood when a command began; some of them, or all.

    @rule()
    def mend(self) -> None:
        """What was refused till now can be stored; a rebuild that was refused it is given up."""
        self.pipeline.mend()
        self.rebuilds.abandon()

    @rule()
    def read_dead_letters(self) -> None:
        self.standings.append(self.pipeline.letters.standing())

    @rule(data=st.data(), killed=st.sampled_from([None, None, "before", "after"]))
    def redrive(self, data: st.DataObject, killed: Kill | None) -> None:
        standing, letters = self._some_letters(data)
        redrive(self.pipeline, standing, letters, killed)

    @rule(data=st.data())
    def discard(self, data: st.DataObject) -> None:
        """Not what the streams may have a use for later: without it their records would be others."""
        standing, letters = self._some_letters(data)
        discard(self.pipeline, standing, [each for each in letters if each.worker != "streams" or _is_torn(each)])

    # Rebuilds of the stores: from the log or the archive, while events come, killed anywhere and gone on with.

    @rule(store=_STORES, origin=st.sampled_from(["log", "archive"]), steps=_STEPS, data=st.data())
    def rebuild(self, store: str, origin: Origin, steps: int | None, data: st.DataObject) -> None:
        session = data.draw(st.integers(0, _SESSIONS - 1))
        try:
            self.rebuilds.run(store, origin, steps, lambda: self.produce(session, 1))
        except Killed:
            pass
        except SessionTrackError:
            # Its worker has not come to a record yet that has no place in either store.
            assert not self.pipeline.is_mended

    # What holds in the end.

    def teardown(self) -> None:
        if not hasattr(self, "pipeline"):
            return
        try:
            self._end()
        finally:
            self.patch.undo()
            self.folder.cleanup()
        untouched = Pipeline(self.pipeline.log.only(EVENTS), is_mended=self.pipeline.is_mended)
        untouched.drain(0.0)
        for name, sink in self.pipeline.sinks.items():
            self._assert_equal(sink, untouched.sinks[name])
        assert self.pipeline.archive() == untouched.archive()
        self._assert_letters(untouched)
        self._assert_conservation()

    def _end(self) -> None:
        """Everything goes on to its end, with no fault any more."""
        self.pipeline.drain(self.now)
        self._let_all_go_on()
        self.pipeline.drain(self.now)
        for name in self.pipeline.sinks:
            if self.rebuilds.is_under_way(name):
                self.rebuilds.run(name)
        standing = self.pipeline.letters.standing()
        # The streams first: what they take in goes on to the stores.
        for group in sorted({letter.group for letter in standing.open}, reverse=True):
            redrive(self.pipeline, standing, [letter for letter in standing.open if letter.group == group])
        self.pipeline.drain(self.now)

    def _assert_equal(self, sink: SinkWorker, untouched: SinkWorker) -> None:
        """What was given up may be missing, or stand as an older worker wrote it."""
        given_up = self._ids(self.pipeline.letters.standing().discarded, sink)
        found, expected = sink.store.contents(), untouched.store.contents()
        assert found.keys() <= expected.keys()
        for record, content in expected.items():
            assert found.get(record) == content or record in given_up

    def _assert_letters(self, untouched: Pipeline) -> None:
        standing = self.pipeline.letters.standing()
        expected = {letter.key for letter in untouched.letters.standing().open}
        stand = {letter.key for letter in standing.open}
        assert stand <= expected <= standing.letters.keys()

    def _ids(self, letters: Iterable[Letter], sink: SinkWorker) -> set[tuple[str, str]]:
        return {(letter.topic, letter.record_id) for letter in letters if letter.worker == sink.store.name}

    def _let_all_go_on(self) -> None:
        """Everything that is out of date comes last, when nothing newer will put it right."""
        for derived in self.derivations:
            self.pipeline.streams.publish(derived)
            self.pipeline.streams.remember(derived)
        for store, batch in self.batches:
            self.pipeline.sinks[store].write(batch)
        self.now += LONGEST_WAIT_S
        for archiver in self.archivers:
            self._put(archiver, None)

    def _assert_conservation(self) -> None:
        """Distinct records expected = stored + dead-lettered + discarded."""
        events = self.events + self.events_of_no_schema
        derived = derive(events if self.pipeline.is_mended else self.events)
        tables: list[dict[str, Any]] = [derived.sessions, derived.messages, derived.tool_calls]
        expected = {topic.name: set(table) for topic, table in zip(DERIVED, tables, strict=True)}
        expected[EVENTS.name] = {event["event_id"] for event in events}
        standing = self.pipeline.letters.standing()
        for name, sink in self.pipeline.sinks.items():
            records = {(topic.name, each) for topic in sink.store.topics for each in expected[topic.name]}
            stored = set(sink.store.contents())
            # Of an event that came twice one may be refused, under a schema that the registry lacks, and one stored.
            set_aside = self._ids([*standing.open, *standing.discarded], sink) & records
            assert stored | set_aside == records, name
        for number in range(PARTITIONS):
            partition = Partition(EVENTS.name, number)
            archived = [
                record
                for key, (content, _) in sorted(self.pipeline.archive().items())
                if key.log == ARCHIVED and key.partition == number
                for record in read_records(content)
            ]
            logged = self.pipeline.log.read(partition, 0)
            assert [(each["offset"], each["value"]) for each in archived] == [
                (each.offset, each.value) for each in logged
            ]

    def _append(self, event: SessionEvent, encoder: Encoder = EVENT_ENCODER) -> None:
        session_id = event["session_id"]
        partition = Partition(EVENTS.name, int(session_id[-1]) % PARTITIONS)
        headers = [("ce_id", event["event_id"].encode())]
        self.pipeline.log.append(partition, session_id.encode(), encoder.encode(event), headers)

    def _some_letters(self, data: st.DataObject) -> tuple[Standing, list[Letter]]:
        """Of one group, as they stand or stood."""
        standing = data.draw(st.sampled_from([*self.standings, self.pipeline.letters.standing()]))
        groups = sorted({letter.group for letter in standing.open})
        if not groups:
            return standing, []
        group = data.draw(st.sampled_from(groups))
        letters = [letter for letter in standing.open if letter.group == group]
        return standing, letters[: data.draw(st.integers(1, len(letters)))]

    def _some_partitions(self, store: str, data: st.DataObject) -> list[Partition]:
        return data.draw(st.lists(st.sampled_from(self.pipeline.sinks[store].partitions), min_size=1, unique=True))

    def _put(self, archiver: Archiver, calls: int | None) -> int | None:
        try:
            return archiver.put(self.now, calls)
        except TransientError:
            return archiver.segments.durable


def _is_torn(letter: Letter) -> bool:
    """Whether its record states no id: nothing can be read of it, now or later."""
    return letter.record_id.startswith(EVENTS.name)


TestFaults = Faults.TestCase
TestFaults.settings = settings(max_examples=40, stateful_step_count=50)
