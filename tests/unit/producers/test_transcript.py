import json
from hashlib import sha256
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.transcript import (
    RewrittenError,
    Transcript,
    TranscriptSource,
    context_event,
    head_event,
    lifecycle_event,
    split_lines,
)
from schemas.avro import load_schema
from schemas.codec import Decoder, Encoder
from schemas.records import Context, SessionEvent
from sessiontrack.identity import GENESIS, next_chain

SOURCE = TranscriptSource(session_id="s", agent_id="main", brand="clawdbot", file_name="s.jsonl")
ENCODER = Encoder("session-event", 1)
DECODER = Decoder("session-event", lambda _: load_schema("session-event"))
LINE = st.binary(max_size=40) | st.builds(
    lambda fields: json.dumps(fields).encode(),
    st.fixed_dictionaries(
        {"type": st.sampled_from(["session", "message", "custom"])},
        optional={
            "timestamp": st.sampled_from(["2026-11-22T00:00:00Z", "2026-11-21T00:00:00Z", "soon", 7]),
            "parentSession": st.just("/x/p.jsonl"),
            "version": st.integers(-1, 2**40),
            "message": st.fixed_dictionaries({"role": st.text(max_size=5), "content": st.text(max_size=5)}),
        },
    ),
)
FILES = st.builds(lambda lines, tail: b"".join(line + b"\n" for line in lines) + tail, st.lists(LINE, max_size=8), LINE)


def events_of(data: bytes) -> list[SessionEvent]:
    transcript = Transcript(SOURCE)
    return [transcript.append(line, captured_at=1) for line in split_lines(data, final=True)[0]]


def raw(event: SessionEvent) -> bytes:
    assert event["payload"] is not None
    assert event["payload"]["raw"] is not None
    return event["payload"]["raw"]


def lines(*entries: dict[str, Any]) -> list[SessionEvent]:
    return events_of(b"".join(json.dumps(entry).encode() + b"\n" for entry in entries))


@given(FILES)
def test_every_event_fits_the_schema(data: bytes) -> None:
    for event in events_of(data):
        assert DECODER.decode(ENCODER.encode(event)) == event


@given(FILES)
def test_raw_lines_in_order_are_the_file(data: bytes) -> None:
    events = events_of(data)
    assert b"".join(raw(event) for event in events) == data
    assert [event["line_number"] for event in events] == list(range(1, len(events) + 1))
    assert [event["byte_offset"] for event in events] == [
        sum(len(raw(before)) for before in events[:place]) for place in range(len(events))
    ]


@given(FILES)
def test_each_event_is_chained_to_the_one_before(data: bytes) -> None:
    chain = GENESIS
    for event in events_of(data):
        assert event["previous_chain"] == chain
        chain = next_chain(chain, raw(event))
        assert event["chain"] == chain


@given(FILES, st.lists(st.integers(0, 400), max_size=4))
def test_reading_in_pieces_gives_the_same_events(data: bytes, cuts: list[int]) -> None:
    transcript, events, rest = Transcript(SOURCE), [], b""
    bounds = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    for start, end in pairwise(bounds):
        complete, rest = split_lines(rest + data[start:end])
        events += [transcript.append(line, captured_at=1) for line in complete]
    if rest:
        events.append(transcript.append(rest, captured_at=1))
    assert events == events_of(data)


@given(FILES, st.integers(0, 9))
def test_going_on_from_a_checkpoint_gives_the_same_events(data: bytes, place: int) -> None:
    complete, _ = split_lines(data, final=True)
    before, after = complete[:place], complete[place:]
    first = Transcript(SOURCE)
    events = [first.append(line, captured_at=1) for line in before]
    position = json.loads(json.dumps(first.position))
    second = Transcript.resume(SOURCE, position, iter(before))
    assert second.position == first.position
    events += [second.append(line, captured_at=1) for line in after]
    assert events == events_of(data)


def test_a_rewritten_file_is_not_gone_on_with() -> None:
    transcript = Transcript(SOURCE)
    transcript.append(b"one\n", captured_at=1)
    with pytest.raises(RewrittenError):
        Transcript.resume(SOURCE, transcript.position, [b"two\n"])


def test_a_line_without_a_time_has_the_one_before() -> None:
    found = lines({"type": "custom"}, {"type": "session", "timestamp": "1970-01-01T00:00:05Z"}, {"type": "message"})
    assert [event["occurred_at"] for event in found] == [0, 5000, 5000]


def test_a_time_out_of_range_is_brought_into_it() -> None:
    found = lines({"type": "a", "timestamp": "1969-01-01T00:00:00Z"}, {"type": "a", "timestamp": 10**18})
    assert [event["occurred_at"] for event in found] == [0, 253_402_300_799_999]


@pytest.mark.parametrize(("parent", "inherited"), [("/x/p.jsonl", [False, True, True, False]), (None, [False] * 4)])
def test_what_a_fork_copied_is_inherited(parent: str | None, inherited: list[bool]) -> None:
    found = lines(
        {"type": "session", "version": 3, "timestamp": "2026-11-22T00:00:00Z", "parentSession": parent},
        {"type": "message", "timestamp": "2026-11-21T00:00:00Z"},
        {"type": "message"},
        {"type": "message", "timestamp": "2026-11-22T00:00:00Z"},
    )
    assert [event["inherited"] for event in found] == inherited
    assert [event["source"]["format_version"] for event in found] == [3] * 4


def test_without_a_header_the_format_is_not_known() -> None:
    assert [event["source"]["format_version"] for event in lines({"type": "message"})] == [None]


def test_an_unterminated_rest_is_a_line_only_at_the_end() -> None:
    assert split_lines(b"a\nb") == ([b"a\n"], b"b")
    assert split_lines(b"a\nb", final=True) == ([b"a\n", b"b"], b"")
    assert split_lines(b"a\r\n\x0b\n", final=True) == ([b"a\r\n", b"\x0b\n"], b"")


def test_the_head_proves_the_bytes() -> None:
    transcript = Transcript(SOURCE)
    events = [transcript.append(line, captured_at=1) for line in (b"one\n", b"two")]
    head = head_event(SOURCE, transcript.position, reason="IMPORTED", state="LIVE", captured_at=2)
    assert head["chain"] == events[-1]["chain"]
    assert head["payload"] is not None
    assert head["payload"]["transcript_head"] == {
        "lines": 2,
        "bytes": 7,
        "sha256": sha256(b"one\ntwo").digest(),
        "reason": "IMPORTED",
        "state": "LIVE",
        "archived_at": None,
    }
    assert DECODER.decode(ENCODER.encode(head)) == head


def test_a_head_is_the_same_event_only_if_it_says_the_same() -> None:
    position = Transcript(SOURCE).position
    head = head_event(SOURCE, position, reason="IMPORTED", state="LIVE", captured_at=1)
    again = head_event(SOURCE, position, reason="IMPORTED", state="LIVE", captured_at=2)
    renamed = head_event(SOURCE, position, reason="ARCHIVED", state="RESET", captured_at=1, archived_at=7)
    assert head["event_id"] == again["event_id"] != renamed["event_id"]
    assert renamed["occurred_at"] == 7


def test_facts_are_the_same_event_however_they_are_known() -> None:
    inferred: Context = {
        "session_key": "agent:main:main",
        "channel": "webchat",
        "chat_type": "direct",
        "display_name": None,
        "parent_session_id": None,
        "parent_relation": None,
        "provenance": "INFERRED",
    }
    observed: Context = {**inferred, "provenance": "OBSERVED"}
    other: Context = {**inferred, "channel": "slack"}
    ids = [context_event(SOURCE, facts, captured_at=1)["event_id"] for facts in (inferred, observed, other)]
    assert ids[0] == ids[1] != ids[2]
    event = context_event(SOURCE, inferred, captured_at=1, occurred_at=5)
    assert DECODER.decode(ENCODER.encode(event)) == event


def test_a_lifecycle_event_happened_when_it_says() -> None:
    event = lifecycle_event(SOURCE, "reset", 7, provenance="OBSERVED", captured_at=9)
    assert (event["kind"], event["occurred_at"], event["captured_at"]) == ("LIFECYCLE", 7, 9)
    assert DECODER.decode(ENCODER.encode(event)) == event
