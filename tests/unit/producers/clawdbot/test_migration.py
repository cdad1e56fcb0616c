"""After a migration of its file nothing of a session is counted twice, and nothing gets lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from producers.transcript import Transcript, TranscriptSource, split_lines
from schemas.records import SessionEvent
from streams.derive import Derived, derive
from tests.unit.producers.clawdbot.migration import migrated
from tests.unit.producers.clawdbot.writing import SESSION, Log, header, line, look_around, message, write

SAMPLE = Path(__file__).parents[5] / "shared" / "samples" / "pi" / "before-compaction.jsonl"

_AT = "2025-12-09T01:00:00.000Z"
_USAGE = {"input": 10, "output": 5, "cacheRead": 0, "cacheWrite": 1.0, "cost": {"total": 0.0125}}


def v1(*, version: int | None = None) -> bytes:
    """A transcript with everything that a migration changes, and with much that it only writes in another way."""
    stated = {} if version is None else {"version": version}
    call = {"type": "toolCall", "id": "call_1", "name": "read", "arguments": {"limit": 1e2, "at": 12345678901234567890}}
    return b"".join(
        [
            line(
                type="session",
                id=SESSION,
                timestamp="2025-12-09T00:53:29.825Z",
                cwd="/x",
                provider="anthropic",
                modelId="m",
                thinkingLevel="off",
                **stated,
            ),
            b"\n",
            _message("user", "Größe \u2028 \ud83d \x7f"),
            b'{"broken\n',
            _message("hookMessage", "from a hook", customType="note"),
            _message("assistant", [call], provider="anthropic", model="m", usage=_USAGE, stopReason="toolUse"),
            _message("toolResult", "done", toolCallId="call_1", toolName="read", isError=False),
            _message("assistant", "ok", provider="anthropic", model="m", usage=_USAGE, stopReason="stop"),
            line(type="model_change", timestamp=_AT, provider="anthropic", modelId="n"),
            line(type="compaction", timestamp=_AT, summary="s", firstKeptEntryIndex=3, tokensBefore=7),
        ]
    )


def _message(role: str, content: Any, **fields: Any) -> bytes:
    message = {"role": role, "content": content, "timestamp": 1765233665292, **fields}
    return line(type="message", timestamp=_AT, message=message)


def events_of(data: bytes) -> list[SessionEvent]:
    transcript = Transcript(TranscriptSource(session_id=SESSION))
    return [transcript.append(line, captured_at=1) for line in split_lines(data, final=True)[0]]


def assert_same_totals(before: Derived, after: Derived) -> None:
    assert _totals(after) == _totals(before)
    assert set(after.messages) == set(before.messages)
    assert {key: call["outcome"] for key, call in after.tool_calls.items()} == {
        key: call["outcome"] for key, call in before.tool_calls.items()
    }


def _totals(derived: Derived) -> dict[str, Any]:
    """The session, but for what a migration makes anew: the ids of entries, and heads, which the version counts."""
    (session,) = derived.sessions.values()
    switches = [{**switch, "entry_id": None} for switch in session["context_switches"]]
    return {**session, "context_switches": switches, "version": 0}


@pytest.mark.parametrize("version", [None, 2], ids=["v1", "v2"])
def test_a_migrated_transcript_is_counted_once(version: int | None) -> None:
    old, new = v1(version=version), migrated(v1(version=version))
    assert old != new
    before = derive(events_of(old))
    assert before.sessions[SESSION]["message_count"] == 5
    assert before.sessions[SESSION]["total_tokens"] == 32
    assert_same_totals(before, derive(events_of(old) + events_of(new)))
    assert_same_totals(before, derive(events_of(new) + events_of(old)))


def test_a_transcript_that_was_migrated_before_it_was_seen_has_the_totals_of_the_old_one() -> None:
    before, after = derive(events_of(v1())), derive(events_of(migrated(v1())))
    # But for the lines that can't be parsed: a migration leaves them out.
    assert (before.sessions[SESSION].pop("unparsed_count"), after.sessions[SESSION].pop("unparsed_count")) == (2, 0)  # type: ignore[misc]
    assert_same_totals(before, after)


async def test_a_migration_in_place_is_a_rewrite(tmp_path: Path) -> None:
    log, path = Log(), tmp_path / f"{SESSION}.jsonl"
    write(path, v1())
    reader = log.reader(tmp_path)
    await reader.read_all(final=False)
    before = derive(log.events)
    write(path, migrated(v1()))
    await look_around(reader)
    assert b"".join(log.lines) == v1() + migrated(v1())
    assert_same_totals(before, derive(log.events))


async def test_a_migration_that_changes_a_digit_is_found_though_a_line_follows(tmp_path: Path) -> None:
    log, path = Log(), tmp_path / f"{SESSION}.jsonl"
    old = header(version=2) + b"".join(message(number) for number in range(10))
    write(path, old)
    reader = log.reader(tmp_path)
    await reader.read_all(final=False)
    new = migrated(old)
    assert len(new) == len(old)
    write(path, new + message(10))
    await reader.read_changed([path])
    assert b"".join(log.lines) == old + new + message(10)


@pytest.mark.skipif(not SAMPLE.is_file(), reason=f"the sample transcripts are not at {SAMPLE.parent}")
@pytest.mark.parametrize("branched", [True, False], ids=["as it is", "as a session of its own"])
def test_a_real_session_of_v1_is_counted_once(branched: bool) -> None:
    old = SAMPLE.read_bytes()
    if not branched:
        first, _, rest = old.partition(b"\n")
        old = line(**{name: value for name, value in json.loads(first).items() if name != "branchedFrom"}) + rest
    new = migrated(old)
    before, after, both = derive(events_of(old)), derive(events_of(new)), derive(events_of(old) + events_of(new))
    assert_same_totals(before, after)
    assert_same_totals(before, both)
    (session,) = both.sessions.values()
    # Branched off from another session: all but the header and one change of the level was said there.
    assert (session["message_count"], session["inherited_count"]) == ((0, 1001) if branched else (990, 0))
