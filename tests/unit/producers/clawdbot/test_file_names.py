import pytest

from producers.clawdbot.file_names import FileNameFacts, file_name_facts, referenced_session_id

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
