"""A host that only captures: it knows the broker and the registry by their addresses, and nothing of a stack."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

import pytest

from cli.exits import Exit
from infra.topics import create_topics, register_schemas
from sessiontrack.settings import Settings
from tests.stack.reading import event_log, last_generation
from tests.stack.waiting import PATIENCE_S, wait_until
from tests.unit.producers.clawdbot.writing import header, message, write

ROOT = Path(__file__).parents[2]


@pytest.fixture
def settings(stack_settings: Settings) -> Settings:
    create_topics(stack_settings.kafka)
    register_schemas(stack_settings)
    return stack_settings


def sessiontrack(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SESSIONTRACK_")}
    return subprocess.run(
        [sys.executable, "-m", "cli.main", *arguments],
        env={**environment, "HOME": str(home), "SESSIONTRACK_DATA_DIR": str(home / "data")},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )


async def test_a_capture_host_needs_two_addresses(settings: Settings, tmp_path: Path) -> None:
    session_id = str(uuid4())
    transcript = header(session_id) + message(1)
    write(tmp_path / ".clawdbot" / "agents" / "main" / "sessions" / f"{session_id}.jsonl", transcript)
    servers = ["--broker", settings.kafka.bootstrap_servers, "--registry", settings.registry.url]
    async with event_log(settings) as log:
        captured = sessiontrack(tmp_path, "capture", *servers, "--once", "--json")
        assert captured.returncode == 0, captured.stderr
        assert json.loads(captured.stdout)["sessions"] == 1
        assert last_generation(await log.events({session_id})) == transcript


async def test_without_keys_of_the_object_store_all_is_captured_but_what_comes_behind_a_large_line(
    settings: Settings, tmp_path: Path
) -> None:
    held, other = str(uuid4()), str(uuid4())
    large = message(2, "x" * settings.capture.claim_bytes)
    for session_id, last in ((held, large + message(3)), (other, message(2))):
        path = tmp_path / ".clawdbot" / "agents" / "main" / "sessions" / f"{session_id}.jsonl"
        write(path, header(session_id) + message(1) + last)
    servers = ["--broker", settings.kafka.bootstrap_servers, "--registry", settings.registry.url]
    async with event_log(settings) as log:
        captured = sessiontrack(tmp_path, "capture", *servers, "--once")
        assert captured.returncode == Exit.USAGE
        assert "SESSIONTRACK_S3__SECRET_KEY" in captured.stderr
        lines = [(event["session_id"], event["line_number"]) for event in await log.events({held, other})]
    assert [number for session_id, number in lines if session_id == held] == [1, 2]
    assert [number for session_id, number in lines if session_id == other and number] == [1, 2, 3]


def test_doctor_finds_the_servers_well(settings: Settings, tmp_path: Path) -> None:
    servers = ["--broker", settings.kafka.bootstrap_servers, "--registry", settings.registry.url]
    levels: dict[str, str] = {}

    def are_well() -> bool:
        # A machine that stands still for seconds is a finding as well.
        examined = sessiontrack(tmp_path, "doctor", *servers, "--json")
        levels.update({finding["check"]: finding["level"] for finding in json.loads(examined.stdout)})
        return {levels[name] for name in ("broker", "topics", "registry", "clock")} == {"ok"}

    wait_until(are_well, "a doctor who finds the servers well")
    # It was given no keys.
    assert levels["object store"] == "warning"
