from __future__ import annotations

import plistlib
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from infra.service.definition import ServiceDefinition, launchd_agent, systemd_unit

_ODD = 'a b"c\\d$HOME %h'
DEFINITION = ServiceDefinition(
    command=("/usr/bin/env", "capture", "--root", _ODD),
    environment={"SESSIONTRACK_DATA_DIR": "/data 100%"},
    log=Path("/data/logs/capture.log"),
)


def test_a_unit_says_what_to_run_and_to_run_it_always() -> None:
    lines = systemd_unit(DEFINITION).splitlines()
    (command,) = [line.removeprefix("ExecStart=") for line in lines if line.startswith("ExecStart=")]
    words = [word.replace("$$", "$").replace("%%", "%") for word in shlex.split(command)]
    assert tuple(words) == DEFINITION.command
    assert 'Environment="SESSIONTRACK_DATA_DIR=/data 100%%"' in lines
    assert {"Restart=always", "StartLimitIntervalSec=0", "WantedBy=default.target"} <= set(lines)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not on this machine")
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    unit = tmp_path / "sessiontrack-capture.service"
    unit.write_text(systemd_unit(DEFINITION), "utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--user", unit], capture_output=True, text=True, check=False, timeout=60
    )
    assert str(unit) not in done.stderr
    assert unit.name not in done.stderr


def test_an_agent_says_the_same_to_launchd() -> None:
    agent = plistlib.loads(launchd_agent(DEFINITION))
    assert agent["Label"] == "sessiontrack-capture"
    assert tuple(agent["ProgramArguments"]) == DEFINITION.command
    assert agent["EnvironmentVariables"] == DEFINITION.environment
    assert agent["RunAtLoad"] is True
    assert agent["KeepAlive"] is True
    assert agent["StandardErrorPath"] == "/data/logs/capture.log"
