from __future__ import annotations

import json
from pathlib import Path

import pytest

from producers.clawdbot.discover import agent_of, brand_of, reading_order, recognise, scan, state_folders
from tests.unit.producers.clawdbot.writing import SESSION, header, line, message

_SESSIONS = Path("/home/u/.openclaw/agents/main/sessions")


def fail(path: Path, error: OSError) -> None:
    raise error


def test_state_folders_of_the_environment_come_first_and_each_comes_once(tmp_path: Path) -> None:
    for name in (".clawdbot", ".openclaw", "elsewhere"):
        (tmp_path / name).mkdir()
    environ = {
        "OPENCLAW_STATE_DIR": str(tmp_path / "elsewhere"),
        "CLAWDBOT_STATE_DIR": str(tmp_path / ".clawdbot"),
        "MOLTBOT_STATE_DIR": str(tmp_path / "missing"),
    }
    found = state_folders(environ, tmp_path)
    assert found == [tmp_path / ".clawdbot", tmp_path / "elsewhere", tmp_path / ".openclaw"]


@pytest.mark.parametrize(
    ("path", "brand"),
    [
        ("/home/u/.clawdbot/agents/main/sessions/a.jsonl", "clawdbot"),
        ("/home/u/.openclaw/agents/pi/sessions/a.jsonl", "openclaw"),
        ("/home/u/.openclaw/agents/pi/agent/openclaw-agent.sqlite", "openclaw"),
        ("/home/u/.openclaw/agents/pi/sessions/cold/a.jsonl.zst", "openclaw"),
        ("/samples/openclaw-2026.7.1/a.jsonl", "openclaw"),
        ("/samples/a.jsonl", None),
    ],
)
def test_the_state_folder_names_the_brand(path: str, brand: str | None) -> None:
    assert brand_of(Path(path)) == brand


def test_the_folder_names_the_agent() -> None:
    assert agent_of(_SESSIONS / "a.jsonl") == "main"
    assert agent_of(_SESSIONS / "cold" / "a.jsonl.zst") == "main"
    assert agent_of(_SESSIONS.parent / "agent" / "openclaw-agent.sqlite") == "main"
    assert agent_of(_SESSIONS / "elsewhere" / "a.jsonl") is None
    assert agent_of(Path("/flat/a.jsonl")) is None
    assert agent_of(Path("a.jsonl")) is None


def test_a_scan_takes_each_folder_once_and_only_names_of_transcripts(tmp_path: Path) -> None:
    sessions = tmp_path / "agents" / "main" / "sessions"
    sessions.mkdir(parents=True)
    (tmp_path / "node_modules").mkdir()
    wanted = {"a.jsonl", "b.jsonl.deleted.2026-11-22T00-57-44.340Z"}
    for name in wanted | {"a.trajectory.jsonl", "a.jsonl.lock", "sessions.json", "b.jsonl.deleted.x.zst", "c.txt"}:
        (sessions / name).touch()
    (tmp_path / "node_modules" / "x.jsonl").touch()
    (sessions / "loop").symlink_to(tmp_path)
    (tmp_path / "again").symlink_to(sessions)
    assert sorted(path.name for path in scan(tmp_path, fail)) == sorted(wanted)


def test_a_folder_that_can_not_be_listed_is_told_of(tmp_path: Path) -> None:
    failed: list[Path] = []
    assert not list(scan(tmp_path / "missing", lambda path, error: failed.append(path)))
    assert failed == [tmp_path / "missing"]


def test_history_is_read_in_order() -> None:
    names = [
        f"{SESSION}.jsonl",
        f"{SESSION}.jsonl.reset.2026-11-22T00-57-40.587Z",
        f"{SESSION}.jsonl.bak.2026-11-21T00-57-40.587Z",
    ]
    assert sorted(names, key=lambda name: reading_order(_SESSIONS / name)) == [names[2], names[1], names[0]]


@pytest.mark.parametrize(
    ("name", "lines", "session_id"),
    [
        ("any.jsonl", [header("s1")], "s1"),
        ("any.jsonl", [b"\n", b"  \n", header("s1")], "s1"),
        ("s2.jsonl", [line(type="session", timestamp="2026-11-22T00:51:17.889Z")], "s2"),
        ("any.jsonl", [line(type="session", id="a\0\ud800")], "a��"),
        (f"{SESSION}.jsonl", [b"\n", message(1)], SESSION),
        (f"{SESSION}.jsonl", [b"{broken\n", message(1)], SESSION),
        (f"2026-11-22T00-57-36-859Z_{SESSION}.jsonl", [message(1)], SESSION),
        (f"{SESSION}.jsonl.bak.2026-11-22T00-57-40.587Z", [message(1)], SESSION),
        ("any.jsonl", [message(1)], None),
        (f"{SESSION}.jsonl", [line(type="user", message={"role": "user"}, uuid="1")], None),
        (f"{SESSION}.jsonl", [line(type="message", traceSchema="openclaw-trajectory")], None),
        ("commands.log.jsonl", [line(action="new", sessionKey="agent:main:main")], None),
        ("job.jsonl", [line(ts=1, jobId="1", action="finished")], None),
        (f"{SESSION}.jsonl", [json.dumps([1]).encode()], None),
        (f"{SESSION}.jsonl", [b"[" * 100_000], None),
        (f"{SESSION}.jsonl", [], None),
        (f"{SESSION}.trajectory.jsonl", [header("s1")], None),
    ],
)
def test_a_transcript_is_recognised_by_its_content(name: str, lines: list[bytes], session_id: str | None) -> None:
    assert recognise(Path("/flat") / name, lines) == session_id


def test_a_name_of_any_kind_will_do_in_the_folder_of_an_agent() -> None:
    assert recognise(_SESSIONS / "my-session.jsonl", [message(1)]) == "my-session"
