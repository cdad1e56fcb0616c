from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from infra.service.definition import ServiceDefinition
from infra.service.supervisor import Launchd, Systemd, supervisor
from sessiontrack.errors import SessionTrackError, UsageError

OTHER = ("/usr/bin/env", "capture", "--broker", "kafka.example:9092")


@pytest.fixture
def definition(tmp_path: Path) -> ServiceDefinition:
    return ServiceDefinition(("/usr/bin/env", "capture"), {}, tmp_path / "logs" / "capture.log")


class Commands:
    """Programs on the path that note how they are called; what they say and how they end is set for each test."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._calls = folder / "calls"

    def add(self, name: str, script: str = "exit 0") -> None:
        path = self._folder / name
        path.write_text(f'#!/bin/sh\necho "{name} $*" >>{self._calls}\n{script}\n', "utf-8")
        path.chmod(0o755)

    def calls(self) -> list[str]:
        said = self._calls.read_text("utf-8").splitlines() if self._calls.exists() else []
        self._calls.unlink(missing_ok=True)
        return said


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Commands:
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    return Commands(folder)


def test_systemd_enables_and_starts_and_restarts_only_what_changed(
    commands: Commands, tmp_path: Path, definition: ServiceDefinition
) -> None:
    commands.add("systemctl")
    commands.add("loginctl")
    systemd = Systemd(tmp_path)
    assert systemd.install(definition) == []
    unit = tmp_path / ".config" / "systemd" / "user" / "sessiontrack-capture.service"
    assert systemd.path == unit
    assert unit.read_text() == systemd.rendered(definition)
    started = commands.calls()
    assert "systemctl --user enable --now sessiontrack-capture.service" in started
    assert "loginctl enable-linger" in started
    systemd.install(definition)
    assert not [call for call in commands.calls() if "restart" in call]
    systemd.install(ServiceDefinition(OTHER, {}, definition.log))
    assert "systemctl --user restart sessiontrack-capture.service" in commands.calls()


def test_systemd_without_lingering_says_how_to_have_it(
    commands: Commands, tmp_path: Path, definition: ServiceDefinition
) -> None:
    commands.add("systemctl")
    commands.add("loginctl", "exit 1")
    (remark,) = Systemd(tmp_path).install(definition)
    assert "enable-linger" in remark


def test_systemd_removes_what_it_installed(commands: Commands, tmp_path: Path, definition: ServiceDefinition) -> None:
    commands.add("systemctl")
    commands.add("loginctl")
    systemd = Systemd(tmp_path)
    assert systemd.remove() is False
    systemd.install(definition)
    commands.calls()
    assert systemd.remove() is True
    assert "systemctl --user disable --now sessiontrack-capture.service" in commands.calls()
    assert not systemd.path.exists()


def test_systemd_tells_how_the_service_is(commands: Commands, tmp_path: Path, definition: ServiceDefinition) -> None:
    commands.add("systemctl", 'case "$2" in is-enabled) echo enabled;; is-active) echo failed; exit 3;; esac')
    commands.add("loginctl")
    systemd = Systemd(tmp_path)
    assert not systemd.state().installed
    systemd.install(definition)
    state = systemd.state()
    assert (state.installed, state.enabled, state.running) == (True, True, False)


def test_where_systemd_serves_no_user_nothing_is_written(
    commands: Commands, tmp_path: Path, definition: ServiceDefinition
) -> None:
    with pytest.raises(UsageError, match="not on this machine"):
        Systemd(tmp_path).install(definition)
    commands.add("systemctl", "echo 'Failed to connect to bus' >&2; exit 1")
    with pytest.raises(UsageError, match="for this user") as refusal:
        Systemd(tmp_path).install(definition)
    assert refusal.value.hint
    assert "sessiontrack run capture" in refusal.value.hint
    assert not Systemd(tmp_path).path.exists()


def test_a_supervisor_that_refuses_is_quoted(commands: Commands, tmp_path: Path, definition: ServiceDefinition) -> None:
    commands.add("systemctl", 'case "$2" in enable) echo "Unit is masked." >&2; exit 1;; esac')
    with pytest.raises(SessionTrackError, match="Unit is masked"):
        Systemd(tmp_path).install(definition)


@pytest.mark.parametrize(("platform", "kind"), [("linux", Systemd), ("darwin", Launchd)])
def test_each_system_has_its_supervisor(
    platform: str, kind: type, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    assert isinstance(supervisor(tmp_path), kind)


def test_a_system_that_has_none_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "sunos5")
    with pytest.raises(UsageError, match="sunos5"):
        supervisor()


def test_launchd_loads_once_and_again_when_changed(
    commands: Commands, tmp_path: Path, definition: ServiceDefinition
) -> None:
    loaded = tmp_path / "loaded"
    commands.add(
        "launchctl",
        f'case "$1" in print) test -e {loaded} || exit 113; echo "state = running";; '
        f"bootstrap) : >{loaded};; bootout) /bin/rm {loaded};; esac",
    )
    launchd = Launchd(tmp_path)
    target = f"gui/{os.getuid()}/sessiontrack-capture"
    launchd.install(definition)
    assert launchd.path == tmp_path / "Library" / "LaunchAgents" / "sessiontrack-capture.plist"
    assert f"launchctl bootstrap gui/{os.getuid()} {launchd.path}" in commands.calls()
    state = launchd.state()
    assert (state.installed, state.enabled, state.running) == (True, True, True)
    commands.calls()
    launchd.install(definition)
    assert not [call for call in commands.calls() if "boot" in call]
    launchd.install(ServiceDefinition(OTHER, {}, definition.log))
    again = [call for call in commands.calls() if "boot" in call]
    assert again == [f"launchctl bootout {target}", f"launchctl bootstrap gui/{os.getuid()} {launchd.path}"]
    assert launchd.remove() is True
    assert launchd.remove() is False
    assert not loaded.exists()
