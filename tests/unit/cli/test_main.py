"""The command as a person meets it: help, exit codes, errors that say what to do."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from cli.exits import Exit
from cli.main import app

ROOT = Path(__file__).parents[3]
COMMANDS = sorted(get_command(app).commands)  # type: ignore[attr-defined]


@pytest.fixture
def nowhere(tmp_path: Path) -> dict[str, str]:
    """An environment in which no server runs."""
    names = ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "SESSIONTRACK_DATA_DIR")
    # Port 1 is never listened on: nothing can answer by chance.
    addresses = {
        "SESSIONTRACK_KAFKA__BOOTSTRAP_SERVERS": "127.0.0.1:1",
        "SESSIONTRACK_POSTGRES__PORT": "1",
        "SESSIONTRACK_OPENSEARCH__URL": "http://127.0.0.1:1",
        "SESSIONTRACK_S3__ENDPOINT": "127.0.0.1:1",
        "SESSIONTRACK_REGISTRY__URL": "http://127.0.0.1:1",
    }
    return os.environ | addresses | dict.fromkeys(names, str(tmp_path))


def run(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cli.main", *arguments]
    return subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str) -> None:
    result = CliRunner().invoke(app, [command, "--help"])
    assert result.exit_code == Exit.OK
    assert "Usage:" in result.output


def test_the_help_lists_every_exit_code() -> None:
    output = CliRunner().invoke(app, ["--help"]).output
    assert all(f"{int(code):5}  {code.meaning}" in output for code in Exit)


def test_the_readme_names_every_command_and_no_other() -> None:
    named = set(re.findall(r"^\| `sessiontrack ([\w-]+)", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE))
    assert named == set(COMMANDS)


@pytest.mark.parametrize(
    "arguments",
    [
        ["sessions"],
        ["show", "abc"],
        ["search", "words"],
        ["export", "abc"],
        ["verify"],
        ["dead-letters", "list"],
        ["rebuild", "opensearch"],
        ["tail", "events", "--limit", "1"],
        ["capture", "--root", str(ROOT), "--once"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_without_servers_a_command_says_how_to_start_them(arguments: list[str], nowhere: dict[str, str]) -> None:
    done = run(nowhere, *arguments)
    assert done.returncode == Exit.UNAVAILABLE, done.stderr
    assert "sessiontrack up" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_wrong_setting_is_named_without_its_value(nowhere: dict[str, str]) -> None:
    done = run(nowhere | {"SESSIONTRACK_POSTGRES__PORT": "secret"}, "sessions")
    assert done.returncode == Exit.USAGE
    assert "postgres.port" in done.stderr
    assert "secret" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["tail", "nothing"], Exit.NOT_FOUND),
        (["search", "x", "--since", "someday"], Exit.USAGE),
        (["nope"], Exit.USAGE),
        (["rebuild", "streams", "--keep-old"], Exit.USAGE),
    ],
    ids=["unknown topic", "no time", "no command", "streams have nothing old"],
)
def test_wrong_arguments(arguments: list[str], code: Exit, nowhere: dict[str, str]) -> None:
    assert run(nowhere, *arguments).returncode == code
