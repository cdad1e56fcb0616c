"""Whatever a record is, what was left out of it is filled in again, to the byte."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consumers.archive.blocks import BlockBuilder, read_block
from consumers.archive.entries import Entry, entry
from consumers.archive.folding import Folded, fold, unfold
from consumers.archive.known import End, known, occurrence
from consumers.sink import Partition, Received
from producers.cloudevents import headers_of
from producers.transcript import Transcript, TranscriptSource
from schemas.avro import load_schema
from schemas.codec import Decoder, Encoder
from sessiontrack.identity import GENESIS

# Few letters, so that what is known stands in the content by chance, overlaps and repeats.
few_letters = st.lists(st.sampled_from([b"a", b"b", b"\xff", b"\x02"]), max_size=12).map(b"".join)


@given(few_letters, st.lists(few_letters, min_size=1, max_size=8))
def test_unfolding_gives_what_was_folded(content: bytes, what_is_known: list[bytes]) -> None:
    assert unfold(fold(content, what_is_known), what_is_known) == content


@given(st.lists(few_letters, min_size=1, max_size=8), st.data())
def test_content_that_is_made_of_what_is_known_comes_back(what_is_known: list[bytes], data: st.DataObject) -> None:
    content = b"".join(data.draw(st.lists(st.sampled_from(what_is_known) | few_letters, max_size=12)))
    assert unfold(fold(content, what_is_known), what_is_known) == content


def test_what_is_known_is_left_out() -> None:
    what_is_known = [b"\x0aline\n", b"\x06key", b"key"]
    content = b"...\x06key.\x0aline\n..key!"
    folded = fold(content, what_is_known)
    assert folded == Folded([3, 1, 1, 0, 2, 2, 1], b"......!")
    assert unfold(folded, what_is_known) == content


@pytest.mark.parametrize("holes", [[], [1, 0], [9], [-1, 0, 4], [1, 7, 2]], ids=str)
def test_holes_that_are_not_in_the_content_are_refused(holes: list[int]) -> None:
    with pytest.raises((ValueError, LookupError)):
        unfold(Folded(holes, b"abc"), [b"x"])


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
messages = st.builds(
    lambda role, text, at, extra: {
        "type": "message",
        "id": "0a1b2c3d",
        "parentId": None,
        "timestamp": f"2026-01-27T18:00:00.{at:03}Z",
        "message": {"role": role, "content": [{"type": "text", "text": text}], "timestamp": 1769536800000 + at},
        "extra": extra,
    },
    st.sampled_from(["user", "assistant", "toolResult"]),
    st.text(max_size=30),
    st.integers(0, 999),
    json_values,
)
lines = st.one_of(
    messages.map(lambda line: json.dumps(line, ensure_ascii=False).encode("utf-8", "surrogatepass")),
    json_values.map(lambda value: json.dumps(value).encode()),
    st.binary(min_size=1, max_size=30).map(lambda line: line.replace(b"\n", b"")),
    st.just(b"[" * 80 + b"]" * 80),
    st.just(b'{"timestamp":"2026-02-30T18:00:00.000Z"}'),
)


def decoder() -> Decoder:
    schema = load_schema("session-event")

    def writer_schema(schema_id: int) -> Any:
        return schema

    return Decoder("session-event", writer_schema)


def captured(transcript: list[bytes], session_id: str = "11111111-2222-4333-8444-555555555555") -> list[Received]:
    """The records of a transcript."""
    encoder = Encoder("session-event", 7)
    reducer = Transcript(TranscriptSource(session_id=session_id, file_name=f"{session_id}.jsonl"))
    events = [reducer.append(line + b"\n", captured_at=1769536800005) for line in transcript]
    return [
        Received(Partition("events", 0), offset, offset, session_id.encode(), encoder.encode(event), headers_of(event))
        for offset, event in enumerate(events)
    ]


def content_of(each: Entry) -> bytes:
    """What a block's reader makes of an entry."""
    block = BlockBuilder()
    block.append(each.record)
    [record] = read_block(block.encoded())
    return record["value"] or b""


@settings(deadline=None)
@given(st.lists(lines, min_size=1, max_size=5), st.data())
def test_an_event_that_was_mangled_is_kept_as_it_is(transcript: list[bytes], data: st.DataObject) -> None:
    [*_, received] = captured(transcript)
    value = bytearray(received.value or b"")
    place = data.draw(st.integers(0, len(value) - 1))
    value[place] = data.draw(st.integers(0, 255))
    received.value = bytes(value[: data.draw(st.sampled_from([len(value), place]))])
    received.key = data.draw(st.sampled_from([received.key, b"", b"\xff", b"other"]))
    assert content_of(entry(received, decoder())) == received.value


def test_nothing_of_an_event_is_kept_twice() -> None:
    line = (
        b'{"type":"message","id":"0a1b2c3d","parentId":"4e5f6071","timestamp":"2026-01-27T18:00:00.123Z",'
        b'"message":{"role":"user","content":[{"type":"text","text":"A \\"quoted\\" text."}]}}'
    )
    [_, received] = captured([b"first", line])
    decoded = decoder().decode(received.value or b"")
    rest = entry(received, decoder()).record.rest
    for field in ("event_id", "session_id", "chain", "previous_chain", "entry_key", "entry_id", "parent_entry_id"):
        text = decoded[field]
        assert (text.encode() if isinstance(text, str) else text) not in rest
    assert b"quoted" not in rest
    assert b"2026-01-27" not in rest


def test_what_is_known_is_what_the_format_says() -> None:
    text = '{"type":"message","n":300,"timestamp":"2026-01-27T18:00:00.123Z","a":"Grüße an","again":["Grüße an"]}\n'
    line = text.encode()
    end = End(bytes(range(32)), 4, 500)
    found = known(b"key", occurrence(line, end, "clawdbot"))
    assert found[:4] == [b"\xd4\x01" + line, b"\x06key", b"key", b"\x40" + end.chain]
    assert found[6] == b"\x0a\x02\xe8\x07"
    assert found[8:] == [
        b"\x302026-01-27T18:00:00.123Z",
        b"\xf6\x95\xe6\x89\x80\x67",
        b"\x3a2026-01-27T18:00:00.123+00:00",
        b"\x14" + "Grüße an".encode(),
    ]
    assert known(b"key", None) == [b"", b"\x06key", b"key"]
    assert known(b"key", occurrence(b"no JSON", End(GENESIS, 0, 0), "clawdbot"))[7:] == [b""]
