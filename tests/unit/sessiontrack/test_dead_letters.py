from __future__ import annotations

from collections.abc import Sequence

import pytest

from schemas.codec import CodecError
from schemas.records import DeadLetter
from sessiontrack.dead_letters import dead_letter, dead_letter_headers, dead_letter_key
from sessiontrack.errors import TerminalError


def letter(error: Exception | None = None, headers: Sequence[tuple[str, bytes | None]] = ()) -> DeadLetter:
    return dead_letter(
        group="sessiontrack.postgres",
        stage="write",
        error=error or TerminalError("the text is too long"),
        failed_at=5,
        topic="sessiontrack.events.v1",
        partition=3,
        offset=17,
        key=b"key",
        value=b"\x00value",
        headers=headers,
    )


def test_it_keeps_the_record_as_it_was() -> None:
    kept = letter(headers=[("ce_id", b"abc"), ("x", None)])

    assert (kept["key"], kept["value"]) == (b"key", b"\x00value")
    assert kept["headers"] == [{"name": "ce_id", "value": b"abc"}, {"name": "x", "value": None}]


def test_it_is_keyed_by_group_and_record() -> None:
    assert dead_letter_key(letter(headers=[("ce_id", b"abc")])) == b"sessiontrack.postgres/abc"
    assert dead_letter_key(letter()) == b"sessiontrack.postgres/sessiontrack.events.v1/3/17"
    assert dict(dead_letter_headers(letter()))["ce_id"] == dead_letter_key(letter())


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (CodecError("torn"), "torn"),
        (TerminalError("too long"), "too long"),
        (ValueError("the secret words"), "unexpected error; see error_class"),
    ],
)
def test_the_reason_quotes_nothing_of_the_record(error: Exception, reason: str) -> None:
    refused = letter(error)

    assert (refused["reason"], refused["error_class"]) == (reason, type(error).__name__)
