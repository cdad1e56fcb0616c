"""Runs the stages over a batch of events: reads the state, says what to publish and what to write, does neither.

Whoever calls publishes first and writes then, in the order given: pages and calls before the session that counts them.
So wherever a crash cuts, whatever the state holds was published, and the batch that comes again does the rest:

- An event up to the session's own position changes nothing.
- Beyond it, a page or a call may already hold the fact, but with its position: it is still that event's to count.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple, Protocol

from pydantic_core import from_json, to_json

from schemas.records import SessionEvent
from schemas.topics import MESSAGES, SESSIONS, TOOL_CALLS, Topic
from sessiontrack.errors import TransientError
from streams.bounded import row_of
from streams.facts import fact_hash
from streams.folded import Folded
from streams.messages import searchable_message
from streams.names import with_short_names
from streams.session_record import session_record
from streams.sessionize import SessionState, count_calls, fold, new_session, session_facts
from streams.tool_calls import (
    CallState,
    ToolFact,
    add_fact,
    invocations,
    is_full,
    new_call,
    tool_call_records,
    tool_facts,
)

# An event and its position in the log: positions of one session rise.
Placed = tuple[int, SessionEvent]


class State(Protocol):
    """What the stages remember: a dictionary, or a Faust table."""

    def get(self, key: bytes, /) -> bytes | None:
        """The value, None where there is none."""


class Output(NamedTuple):
    """A record to publish.

    Attributes:
        topic: Where.
        key: Its key; of two with one key the later counts.
        session_id: Of its session.
        record: The record; None is a tombstone.
        stage: The stage that made it.
        position: Of the event that it was made at; of a tool call, the last one that brought a fact.
    """

    topic: Topic
    key: str
    session_id: str
    record: Any
    stage: str
    position: int


class Refusal(NamedTuple):
    """An event that a stage can't process."""

    position: int
    stage: str
    error: Exception


@dataclass(slots=True)
class Changes:
    """What a batch comes to.

    Attributes:
        outputs: To be published, and acknowledged, before anything is written.
        writes: To be written to the state, in this order.
        deletes: Keys to be deleted from the state after that.
        refusals: Events that were left out.
    """

    outputs: list[Output] = field(default_factory=list)
    writes: dict[bytes, bytes] = field(default_factory=dict)
    deletes: list[bytes] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)


def process_batch(state: State, events: Iterable[Placed]) -> Changes:
    """Runs the stages over events of one partition, in the order of the log.

    Args:
        state: As the batches before left it.
        events: The batch.
    """
    by_session: dict[str, list[Placed]] = {}
    for placed in events:
        by_session.setdefault(placed[1]["session_id"], []).append(placed)
    changes = Changes()
    for placed_events in by_session.values():
        _process_session(state, placed_events, changes)
    return changes


def made_of(output: Output, events: Iterable[Placed]) -> list[int]:
    """Positions of the events of a batch that a record was made of: all of its session's, where it is not one's."""
    of_session = [position for position, event in events if event["session_id"] == output.session_id]
    # The last fact of a tool call may have been brought by an event that is refused by now.
    is_one = output.topic != SESSIONS and output.position in of_session
    return [output.position] if is_one else of_session


def _process_session(state: State, events: Sequence[Placed], changes: Changes) -> None:
    """Takes the session's events again without the one that fails, until none does: no half of one is folded."""
    while events:
        run = _SessionRun(state, events[0][1])
        try:
            for position, event in events:
                run.take(position, event)
            run.finish(events[-1][0], changes)
        except TransientError:
            raise
        except Exception as error:  # noqa: BLE001  # the stages are pure: what fails once fails always
            changes.refusals.append(Refusal(run.position, run.stage, error))
            events = [placed for placed in events if placed[0] != run.position]
        else:
            return


class _SessionRun:
    """One session in one batch."""

    def __init__(self, state: State, first: SessionEvent) -> None:
        self._state = state
        self._prefix = first["session_id"].encode() + b"/"
        stored = state.get(self._prefix + b"session")
        # JSON by a third of the time that `json` takes, and like it with integers of any size.
        self._session: SessionState = from_json(stored) if stored else new_session(first["session_id"], first["family"])
        self._counted = self._session["position"]
        # No method of this object: it would hold itself, and all its records, until the garbage is collected.
        self._folded = Folded(partial(_read_page, state, self._prefix))
        self._calls: dict[tuple[str, int], CallState] = {}
        self._outputs: list[Output] = []
        self._changed = False
        self.position = self._counted
        self.stage = "sessionize"

    def take(self, position: int, event: SessionEvent) -> None:
        """Runs the stages over one event, unless its fact is folded already."""
        self.position, self.stage = position, "sessionize"
        if position <= self._counted or not self._folded.add(fact_hash(event), position):
            return
        self._changed = True
        event = with_short_names(event)
        fold(self._session, event)
        facts = session_facts(self._session)
        self.stage = "messages"
        message = searchable_message(event, facts)
        if message is not None:
            self._publish(MESSAGES, message["message_id"], message)
        self.stage = "tool-calls"
        for call_id, fact in tool_facts(event, position, facts):
            add_fact(self._series(call_id, fact), fact)

    def finish(self, position: int, changes: Changes) -> None:
        """Adds what the session's events come to.

        Args:
            position: Of the last event.
            changes: Of the batch.
        """
        for call in self._calls.values():
            self._finish_call(call, position)
        self.stage, self.position = "sessionize", position
        self._session["position"] = max(position, self._counted)
        session_id = self._session["session_id"]
        self._publish(SESSIONS, session_id, session_record(self._session))
        changes.outputs += self._outputs
        if self._changed:
            for page, content in self._folded.touched():
                changes.writes[_page_key(self._prefix, page)] = content
            for (call_id, series), call in self._calls.items():
                changes.writes[self._call_key(call_id, series)] = to_json(call)
            changes.writes[self._prefix + b"session"] = to_json(self._session)

    def _finish_call(self, call: CallState, position: int) -> None:
        newest = max((fact["position"] for fact in call["facts"] if fact["position"] <= position), default=position)
        self.position = newest if newest > self._counted else position
        count_calls(self._session, invocations(call, self._counted), invocations(call, position))
        for record in tool_call_records(call, position):
            self._publish(TOOL_CALLS, record["tool_call_id"], record)

    def _publish(self, topic: Topic, key: str, record: Any) -> None:
        self._outputs.append(Output(topic, key, self._session["session_id"], record, self.stage, self.position))

    def _series(self, call_id: str, fact: ToolFact) -> CallState:
        """The state that takes in a fact of a call id."""
        series = self._session["series"].get(call_id, 0)
        call = self._call(call_id, series)
        if not fact["is_call"] or not is_full(call, fact["position"]):
            return call
        if row_of(self._session["series"], call_id, int) is None:
            return call
        self._session["series"][call_id] = series + 1
        return self._call(call_id, series + 1)

    def _call(self, call_id: str, series: int) -> CallState:
        call = self._calls.get((call_id, series))
        if call is None:
            stored = self._state.get(self._call_key(call_id, series))
            session = self._session
            call = from_json(stored) if stored else new_call(session["family"], session["session_id"], call_id, series)
            self._calls[call_id, series] = call
        return call

    def _call_key(self, call_id: str, series: int) -> bytes:
        return self._prefix + b"call/%d/" % series + call_id.encode()


def _read_page(state: State, prefix: bytes, page: str) -> bytes | None:
    return state.get(_page_key(prefix, page))


def _page_key(prefix: bytes, page: str) -> bytes:
    return prefix + b"folded/" + page.encode()
