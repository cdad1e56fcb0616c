from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.claims import SHORTEST_CUT, claim_key, cut, with_reference
from producers.transcript import Transcript, TranscriptSource
from schemas.avro import load_schema
from schemas.codec import Decoder, Encoder
from schemas.records import SessionEvent
from tests.unit.producers.clawdbot.writing import line, message

_texts = st.text(st.characters(exclude_categories=["Cs"]))


def event_of(raw: bytes) -> SessionEvent:
    return Transcript(TranscriptSource(session_id="s")).append(raw, captured_at=0)


def test_the_line_gives_way_to_a_reference() -> None:
    raw = message(1, "x" * 10_000)
    event, line_there = with_reference(event_of(raw))
    assert line_there == raw
    assert event["payload"]
    assert event["payload"]["raw"] is None
    digest = sha256(raw).digest()
    assert event["payload"]["reference"] == {
        "key": f"claims/s/{digest.hex()}",
        "bytes": len(raw),
        "sha256": digest,
    }


@pytest.mark.parametrize(
    ("session_id", "part"),
    [("11111111-2222", "11111111-2222"), ("a/../b c", "a%2F..%2Fb%20c"), ("..", None), ("", None), ("é" * 500, None)],
)
def test_a_session_id_is_one_part_of_the_key(session_id: str, part: str | None) -> None:
    prefix, middle, last = claim_key(session_id, bytes(32)).split("/")
    assert (prefix, last) == ("claims", bytes(32).hex())
    assert middle == part if part else middle.startswith("sha256-")
    assert len(claim_key(session_id, bytes(32))) < 1024


@given(st.lists(_texts, max_size=5), st.text(max_size=300), st.integers(SHORTEST_CUT, 50))
def test_what_is_cut_still_fits_the_schema(texts: list[str], entry_id: str, limit: int) -> None:
    blocks = [{"type": "text", "text": text} for text in texts]
    raw = line(type="message", id=entry_id, message={"role": "user", "content": blocks})
    event = event_of(raw)
    short = cut(event, limit)
    value = Encoder("session-event", 1).encode(short)
    read = Decoder("session-event", lambda _: load_schema("session-event")).decode(value)
    assert read == short
    assert short["event_id"] == event["event_id"]
    assert short["payload"]
    assert short["payload"]["truncated"]
    assert short["payload"]["raw"] == raw
    assert short["payload"]["message"]
    assert len(short["payload"]["message"]["content"]) <= limit
    assert all(len(block["text"] or "") <= limit for block in short["payload"]["message"]["content"])
