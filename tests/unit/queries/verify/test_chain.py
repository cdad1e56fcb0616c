"""A line whose bytes or predecessor are not what they were is found in the log itself."""

from __future__ import annotations

from typing import Any

from producers.transcript import Transcript, TranscriptSource
from queries.verify.chain import LINES
from queries.verify.comparison import Difference
from queries.verify.expected import fold
from schemas.records import SessionEvent
from tests.unit.queries.verify.ledgers import forgotten, log_records

TEXTS = [
    b'{"type":"session","version":3,"id":"s","timestamp":"2026-01-01T00:00:00.000Z","cwd":"/"}\n',
    b'{"type":"custom","customType":"x","id":"1","parentId":null,"timestamp":"2026-01-01T00:00:01.000Z"}\n',
    b'{"type":"custom","customType":"y","id":"2","parentId":"1","timestamp":"2026-01-01T00:00:02.000Z"}\n',
]


def events() -> list[SessionEvent]:
    transcript = Transcript(TranscriptSource(session_id="s"))
    return [transcript.append(line, captured_at=0) for line in TEXTS]


def faults(found: list[Any]) -> list[Difference]:
    with forgotten() as ledger:
        fold(ledger, log_records(found))
        return ledger.faults(LINES)


def test_a_whole_transcript_differs_in_nothing() -> None:
    assert faults(events()) == []


def test_altered_bytes_are_found() -> None:
    first, second, third = events()
    altered: Any = {**second, "payload": {**(second["payload"] or {}), "raw": b"{}\n"}}
    assert [each.record_id for each in faults([first, altered, third])] == [second["event_id"]]


def test_a_lost_line_is_found() -> None:
    first, _, third = events()
    found = faults([first, third])
    assert [(each.kind, each.record_id) for each in found] == [("missing", third["event_id"])]
    assert "line 3" in found[0].detail


def test_a_line_that_comes_later_is_missed_no_more() -> None:
    first, second, third = events()
    assert faults([first, third, second]) == []
