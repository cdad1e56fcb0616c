"""The real transcripts, where they are at hand."""

from contextlib import closing
from pathlib import Path

import pytest

from producers.clawdbot.context import parse_sessions
from producers.clawdbot.file_names import file_name_facts
from producers.transcript import Transcript, TranscriptSource, split_lines
from schemas.codec import Encoder
from schemas.records import SessionEvent
from tests.unit.producers.clawdbot.writing import Log

SAMPLES = Path(__file__).parents[4] / "shared" / "samples"
FOLDERS = ("clawdbot-2026.1.24", "openclaw-2026.7.1", "openclaw-2026.9.6", "pi")
# They end in .jsonl and are no transcripts.
LOGS = {"commands.log.jsonl", "cron-run.jsonl"}
TRANSCRIPTS = sorted(
    path
    for folder in FOLDERS
    for path in (SAMPLES / folder).glob("*.jsonl*")
    if path.name not in LOGS and file_name_facts(path.name)
)
# Begins with an empty line, left by a compaction of 2026.1.
DAMAGED = "9726b4eb-744a-42b1-80bc-7d83c6919a3a.jsonl"

pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason=f"the sample transcripts are not at {SAMPLES}")


def read(path: Path) -> list[SessionEvent]:
    transcript = Transcript(TranscriptSource(session_id=path.name.partition(".")[0]))
    return [transcript.append(line, captured_at=1) for line in split_lines(path.read_bytes(), final=True)[0]]


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: f"{path.parent.name}/{path.name[:24]}")
def test_every_line_is_understood(path: Path) -> None:
    events, encoder = read(path), Encoder("session-event", 1)
    not_understood = [event["line_number"] for event in events if event["kind"] in ("UNPARSED", "UNKNOWN")]
    assert not_understood == ([1] if path.name == DAMAGED else [])
    for event in events:
        encoder.encode(event)
        if event["kind"] == "MESSAGE":
            message = event["payload"] and event["payload"]["message"]
            assert message is not None
            assert message["origin"] != "UNKNOWN"
            assert all(block["other"] is None for block in message["content"])


async def test_what_is_no_transcript_is_told_by_its_content() -> None:
    log = Log()
    with closing(log.sources(SAMPLES)) as reader:
        await reader.read_all(final=True)
    skipped = {path.relative_to(SAMPLES).as_posix() for path in reader.counts.skipped}
    assert skipped == {
        "claude-code/representative_messages.jsonl",
        "claude-code/todowrite_examples.jsonl",
        "clawdbot-2026.1.24/commands.log.jsonl",
        "clawdbot-2026.1.24/cron-run.jsonl",
        "hooks/hooks-clawdbot-2026.1.24-3.jsonl",
        "hooks/hooks-openclaw-2026.7.1.jsonl",
        "hooks/hooks-openclaw-2026.9.6.jsonl",
    }
    databases = SAMPLES / "openclaw-2026.9.6"
    assert reader.counts.transcripts == {*TRANSCRIPTS, *databases.glob("*.sqlite"), *databases.glob("*.zst")}
    assert log.metric("capture_files_passed_over", reason="not a transcript") == len(skipped)
    # The empty first line of the damaged file.
    assert reader.counts.faults == {"blank": 1}


def test_who_wrote_what() -> None:
    found = {
        (message["origin"], message["sender"]["name"] if message["sender"] else None)
        for path in TRANSCRIPTS
        for event in read(path)
        if event["payload"] and (message := event["payload"]["message"]) and message["role"] == "user"
    }
    assert found == {("USER", None), ("USER", "probe")}


@pytest.mark.parametrize(
    ("name", "inherited"),
    [
        ("openclaw-2026.7.1/2026-11-22T00-57-36-859Z_5668d92a-a4ee-4bc8-a956-336565099e65.jsonl", 35),
        ("openclaw-2026.7.1/76a2dd05-074f-4e12-aa92-c5f7204938a8.jsonl", 0),
    ],
)
def test_what_a_fork_copied(name: str, inherited: int) -> None:
    assert sum(event["inherited"] for event in read(SAMPLES / name)) == inherited


def test_the_chats_of_2026_1() -> None:
    found = parse_sessions((SAMPLES / "clawdbot-2026.1.24" / "sessions.json").read_bytes())
    channels = {facts.session_id[:8]: (facts.context["channel"], facts.context["chat_type"]) for facts in found}
    assert channels == {
        "9726b4eb": ("webchat", "direct"),
        "41d86488": ("webchat", None),
        "a12ab18e": ("discord", "channel"),
        "24fa6d0c": ("telegram", "group"),
        "686a9193": (None, None),
    }
    parents = {facts.session_id[:8]: facts.context["parent_session_id"] for facts in found}
    assert parents["41d86488"] == "9726b4eb-744a-42b1-80bc-7d83c6919a3a"
