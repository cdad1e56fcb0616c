from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.records import SearchableMessage, SessionEvent
from streams.batch import Placed, process_batch
from streams.derive import derive
from streams.facts import SessionFacts, fact_hash
from streams.messages import searchable_message
from tests.unit.streams.events import SESSION, call, logs, reply, user


@dataclass
class Worker:
    """Runs batches as the Faust agent does: publishes, writes, and then moves the committed position."""

    state: dict[bytes, bytes] = field(default_factory=dict)
    published: dict[tuple[str, str], Any] = field(default_factory=dict)
    committed: int = 0

    def run(self, batch: list[Placed], durable: Any = None) -> None:
        """Takes a batch; with `durable`, it is killed when only those of its writes have reached the disk."""
        changes = process_batch(self.state, batch)
        self.published.update({(output.topic.name, output.key): output.record for output in changes.outputs})
        if durable is None:
            self.state.update(changes.writes)
            self.committed += len(batch)
        else:
            self.state.update(durable(changes.writes))


def last_published(log: list[SessionEvent]) -> dict[tuple[str, str], Any]:
    derived = derive(log)
    return (
        {("sessiontrack.sessions.v1", key): record for key, record in derived.sessions.items()}
        | {("sessiontrack.messages.v1", key): record for key, record in derived.messages.items()}
        | {("sessiontrack.tool-calls.v1", key): record for key, record in derived.tool_calls.items()}
    )


@given(logs(), st.lists(st.integers(1, 7)))
def test_where_batches_end_makes_no_difference(log: list[SessionEvent], sizes: list[int]) -> None:
    worker = Worker()
    for size in [*sizes, len(log)]:
        worker.run(list(enumerate(log))[worker.committed : worker.committed + size])

    assert worker.published == last_published(log)


@given(logs(), st.data())
def test_a_kill_at_any_point_and_a_restart_make_no_difference(log: list[SessionEvent], data: st.DataObject) -> None:
    worker = Worker()
    placed = list(enumerate(log))
    for _ in range(data.draw(st.integers(0, 6))):
        batch = placed[worker.committed : worker.committed + data.draw(st.integers(1, 9))]
        worker.run(batch, durable=data.draw(st.sampled_from([None, lambda writes: some_of(writes, data)])))
    worker.run(placed[worker.committed :])

    assert worker.published == last_published(log)


def some_of(writes: dict[bytes, bytes], data: Any) -> dict[bytes, bytes]:
    """The first of the writes: a changelog keeps their order."""
    return dict(islice(writes.items(), data.draw(st.integers(0, len(writes)))))


@given(logs())
def test_the_same_log_read_again_publishes_only_sessions(log: list[SessionEvent]) -> None:
    state: dict[bytes, bytes] = {}
    state.update(process_batch(state, enumerate(log)).writes)

    again = process_batch(state, enumerate(log, start=len(log)))

    assert again.writes == {}
    assert {output.topic.name for output in again.outputs} <= {"sessiontrack.sessions.v1"}


@given(logs(), st.data())
def test_what_is_derived_before_all_is_known_gives_way_to_what_is_derived_then(
    log: list[SessionEvent], data: st.DataObject
) -> None:
    facts = list({fact_hash(event): event for event in reversed(log)}.values())[::-1]
    early, right = derive(facts[data.draw(st.integers(0, len(facts))) :]), derive(facts)

    for before, after in [
        *((record, right.messages[key]) for key, record in early.messages.items()),
        *((record, right.tool_calls[key]) for key, record in early.tool_calls.items()),
    ]:
        assert before["version"] <= after["version"]
        if any(before.get(name) is None and after.get(name) is not None for name in SessionFacts._fields):
            assert before["version"] < after["version"]


def test_an_event_that_fails_is_left_out_and_the_others_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses_bad(event: SessionEvent, facts: SessionFacts) -> SearchableMessage | None:
        if event["event_id"] == log[1]["event_id"]:
            raise ArithmeticError("no such message")
        return searchable_message(event, facts)

    log = [user("1"), user("2"), user("3")]
    monkeypatch.setattr("streams.batch.searchable_message", refuses_bad)

    changes = process_batch({}, enumerate(log))

    assert [(refusal.position, refusal.stage) for refusal in changes.refusals] == [(1, "messages")]
    [record] = [output.record for output in changes.outputs if output.key == SESSION]
    assert record["message_count"] == 2
    assert derive(log).refused == {log[1]["event_id"]}


def test_sessions_in_one_batch_do_not_touch_each_other() -> None:
    one, other = user("1"), user("1", session_id="22222222-2222-4222-8222-222222222222")

    derived = derive([one, other, other])

    assert [record["message_count"] for record in derived.sessions.values()] == [1, 1]
    assert len(derived.messages) == 2


def test_a_live_entry_of_a_long_session_writes_little() -> None:
    state: dict[bytes, bytes] = {}
    log = [reply(str(number), number, call(f"c{number}", "exec")) for number in range(20_000)]
    state.update(process_batch(state, enumerate(log)).writes)

    changes = process_batch(state, [(len(log), user("new", 1_000_000))])

    assert sum(map(len, changes.writes.values())) < 8_192
