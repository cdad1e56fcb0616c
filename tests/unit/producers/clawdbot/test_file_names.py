from pathlib import Path

import pytest

from producers.clawdbot.file_names import (
    FileNameFacts,
    archive_name_facts,
    database_of,
    file_name_facts,
    holds_transcripts,
    referenced_session_id,
)

ID = "67ac679a-185e-4a87-848f-204dc22d00f9"
FORK = f"2026-11-22T00-57-36-859Z_{ID}.jsonl"
TOPIC = f"{ID}-topic-4%2F2.jsonl"


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        (f"{ID}.jsonl", FileNameFacts(ID, f"{ID}.jsonl", "LIVE")),
        (FORK, FileNameFacts(ID, FORK, "LIVE")),
        (TOPIC, FileNameFacts(ID, TOPIC, "LIVE", thread_id="4/2")),
        (
            f"{ID}.jsonl.reset.2026-11-22T00-57-40.587Z",
            FileNameFacts(ID, f"{ID}.jsonl", "RESET", archived_at=1795309060587),
        ),
        (f"{FORK}.deleted.2026-11-22T00-57-44.340Z", FileNameFacts(ID, FORK, "DELETED", archived_at=1795309064340)),
        (
            f"{ID}.jsonl.bak.2026-11-22T00-57-43Z",
            FileNameFacts(ID, f"{ID}.jsonl", "BACKUP", archived_at=1795309063000),
        ),
    ],
)
def test_names_of_transcripts(name: str, facts: FileNameFacts) -> None:
    assert file_name_facts(name) == facts


@pytest.mark.parametrize(
    "name",
    [
        "sessions.json",
        ".jsonl",
        f"{ID}.jsonl.lock",
        f"{ID}.jsonl.bak",
        f"{ID}.trajectory.jsonl",
        f"{ID}.jsonl.deleted.2026-11-22T01-05-40.095Z.d103e7a48f064156.zst",
    ],
)
def test_other_names(name: str) -> None:
    assert file_name_facts(name) is None


@pytest.mark.parametrize(
    ("reference", "session_id"),
    [
        (f"/home/u/.openclaw/agents/main/sessions/{ID}.jsonl", ID),
        (rf"C:\Users\u\.openclaw\agents\main\sessions\{FORK}", ID),
        (f"sqlite:main:{ID}:/home/u/.openclaw/agents/main/agent/openclaw-agent.sqlite", ID),
        ("sqlite:main", None),
        ("/home/u/elsewhere.txt", None),
        ("", None),
    ],
)
def test_references_to_a_parent(reference: str, session_id: str | None) -> None:
    assert referenced_session_id(reference) == session_id


def test_a_compressed_transcript_is_named_like_what_was_compressed() -> None:
    name = f"{ID}.jsonl.deleted.2026-11-22T00-57-44.340Z"
    assert archive_name_facts(f"{name}.{'0f' * 16}.zst") == archive_name_facts(f"{name}.zst") == file_name_facts(name)
    assert archive_name_facts(f"{'0f' * 32}.jsonl.zst") == file_name_facts(f"{'0f' * 32}.jsonl")
    for other in (name, f"{name}.x.zst", "gateway.log.zst", f"{ID}.trajectory.jsonl.zst"):
        assert archive_name_facts(other) is None
    assert file_name_facts(f"{name}.zst") is None


def test_the_files_beside_a_database_belong_to_it() -> None:
    database = Path("/state/agents/main/agent/openclaw-agent.sqlite")
    for suffix in ("", "-wal", "-shm", "-journal"):
        assert database_of(database.with_name(database.name + suffix)) == database
    assert database_of(database.with_name("auth-profiles.json")) is None


def test_what_holds_transcripts_is_known_by_its_name() -> None:
    assert all(map(holds_transcripts, (f"{ID}.jsonl", f"{ID}.jsonl.zst", "openclaw-agent.sqlite")))
    assert not any(map(holds_transcripts, ("sessions.json", "state.sqlite", "openclaw-agent.sqlite-wal", "a.zst")))
