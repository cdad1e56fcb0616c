"""Whatever happens between the parts of a step, every store comes to hold what it holds where nothing happened.

Rules of one kind stand together; each may run at any time, in any order.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from consumers.archive.container import read_records
from consumers.archive.segments import LONGEST_WAIT_S
from consumers.projecting import Batch
from consumers.sink import Partition
from schemas.records import SessionEvent
from schemas.topics import DERIVED, EVENTS
from sessiontrack.errors import TransientError
from sessiontrack.identity import GENESIS, event_id, next_chain, uuid_of
from streams.derive import derive
from tests.faults.memory import EVENT_ENCODER
from tests.faults.pure import ARCHIVED, PARTITIONS, Archiver, Derivation, Pipeline, Trouble
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
        self.unpublished = sessions
        self.events: list[SessionEvent] = []
        self.now = 0.0
        # What workers that paused have in hand, each of which may go on at any time, or never.
        self.derivations: list[Derivation] = []
        self.batches: list[tuple[str, Batch]] = []
        self.archivers: list[Archiver] = []
        for session in range(_SESSIONS):
            self.produce(session, _AT_FIRST)
        for number in range(PARTITIONS):
            self.derive(number, _AT_FIRST, None, None)

    # What producers do.

    @rule(session=st.integers(0, _SESSIONS - 1), count=_EVENTS)
    def produce(self, session: int, count: int) -> None:
        for event in self.unpublished[session][:count]:
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

    # What holds in the end.

    def teardown(self) -> None:
        if not hasattr(self, "pipeline"):
            return
        self.pipeline.drain(self.now)
        self._let_all_go_on()
        self.pipeline.drain(self.now)
        untouched = Pipeline(self.pipeline.log.only(EVENTS))
        untouched.drain(0.0)
        for name, sink in self.pipeline.sinks.items():
            assert sink.store.contents() == untouched.sinks[name].store.contents()
        assert self.pipeline.archive() == untouched.archive()
        assert self.pipeline.letters == untouched.letters
        self._assert_conservation()

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
        derived = derive(self.events)
        tables: list[dict[str, Any]] = [derived.sessions, derived.messages, derived.tool_calls]
        expected = {topic.name: set(table) for topic, table in zip(DERIVED, tables, strict=True)}
        expected[EVENTS.name] = {event["event_id"] for event in self.events}
        for name, sink in self.pipeline.sinks.items():
            stored = set(sink.store.contents())
            refused = {(topic, record_id) for _, topic, record_id in sink.letters if record_id in expected[topic]}
            assert not stored & refused
            assert stored | refused == {
                (topic.name, record_id) for topic in sink.store.topics for record_id in expected[topic.name]
            }, name
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

    def _append(self, event: SessionEvent) -> None:
        session_id = event["session_id"]
        partition = Partition(EVENTS.name, int(session_id[-1]) % PARTITIONS)
        self.events.append(event)
        headers = [("ce_id", event["event_id"].encode())]
        self.pipeline.log.append(partition, session_id.encode(), EVENT_ENCODER.encode(event), headers)

    def _some_partitions(self, store: str, data: st.DataObject) -> list[Partition]:
        return data.draw(st.lists(st.sampled_from(self.pipeline.sinks[store].partitions), min_size=1, unique=True))

    def _put(self, archiver: Archiver, calls: int | None) -> int | None:
        try:
            return archiver.put(self.now, calls)
        except TransientError:
            return archiver.segments.durable


TestFaults = Faults.TestCase
TestFaults.settings = settings(max_examples=40, stateful_step_count=50)
