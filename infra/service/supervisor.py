"""What runs a user's services: systemd on Linux, launchd on macOS."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from infra.service.definition import NAME, ServiceDefinition, launchd_agent, systemd_unit
from sessiontrack.errors import SessionTrackError, UsageError

_TIMEOUT_S = 60.0
_NO_SUPERVISOR_HINT = "Let what supervises programs here run `sessiontrack run capture`."


@dataclass(frozen=True, slots=True)
class ServiceState:
    """How the service is.

    Attributes:
        path: The file that defines it.
        installed: Whether that file is there.
        enabled: Whether it starts with the machine or the login.
        running: Whether it runs now.
    """

    path: Path
    installed: bool
    enabled: bool
    running: bool


class Supervisor(Protocol):
    """Installs, removes and watches over one service."""

    path: Path

    def rendered(self, definition: ServiceDefinition) -> str:
        """The text of the file that defines the service."""

    def install(self, definition: ServiceDefinition) -> list[str]:
        """Defines, enables and starts the service; one that runs already is started again where it was changed.

        Returns:
            What the person should know.

        Raises:
            UsageError: The supervisor is not there, or not for this user.
            SessionTrackError: It refuses.
        """

    def remove(self) -> bool:
        """Stops the service and removes its definition; whether there was one."""

    def state(self) -> ServiceState:
        """How the service is; needs no supervisor to be there."""


def supervisor(home: Path | None = None) -> Supervisor:
    """The supervisor of this system.

    Args:
        home: The user's home folder; found by itself where None.

    Raises:
        UsageError: The system has neither systemd nor launchd.
    """
    folder = home or Path.home()
    if sys.platform == "darwin":
        return Launchd(folder)
    if sys.platform.startswith("linux"):
        return Systemd(folder)
    raise UsageError(f"services are not known on {sys.platform}", hint=_NO_SUPERVISOR_HINT)


class Systemd:
    """systemd's instance of the user.

    Args:
        home: The user's home folder.
    """

    def __init__(self, home: Path) -> None:
        configuration = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
        self._unit = f"{NAME}.service"
        self.path = configuration / "systemd" / "user" / self._unit

    def rendered(self, definition: ServiceDefinition) -> str:
        """The unit."""
        return systemd_unit(definition)

    def install(self, definition: ServiceDefinition) -> list[str]:
        """Writes, enables and starts the unit, and lets the user's services run while nobody is logged in."""
        self._check()
        changed = _write(self.path, systemd_unit(definition).encode())
        _run("systemctl", "--user", "daemon-reload")
        _run("systemctl", "--user", "enable", "--now", self._unit)
        if changed:
            _run("systemctl", "--user", "restart", self._unit)
        if _said("loginctl", "enable-linger") is None:
            return ["It runs while you are logged in; `sudo loginctl enable-linger $USER` lets it run always."]
        return []

    def remove(self) -> bool:
        """Stops and disables the unit, and removes it."""
        if not self.path.exists():
            return False
        self._check()
        _run("systemctl", "--user", "disable", "--now", self._unit)
        self.path.unlink()
        _run("systemctl", "--user", "daemon-reload")
        return True

    def state(self) -> ServiceState:
        """How the unit is."""
        return ServiceState(
            path=self.path,
            installed=self.path.exists(),
            enabled=_said("systemctl", "--user", "is-enabled", self._unit) == "enabled",
            running=_said("systemctl", "--user", "is-active", self._unit) == "active",
        )

    def _check(self) -> None:
        if shutil.which("systemctl") is None:
            raise UsageError("systemd is not on this machine", hint=_NO_SUPERVISOR_HINT)
        if _said("systemctl", "--user", "show-environment") is None:
            raise UsageError(
                "systemd runs no services for this user here (`systemctl --user` does not answer)",
                hint="Log in as the user itself, not through su or sudo, and try again. A container has none. "
                + _NO_SUPERVISOR_HINT,
            )


class Launchd:
    """launchd's domain of the user who is logged in.

    Args:
        home: The user's home folder.
    """

    def __init__(self, home: Path) -> None:
        self.path = home / "Library" / "LaunchAgents" / f"{NAME}.plist"
        self._domain = f"gui/{os.getuid()}"
        self._target = f"{self._domain}/{NAME}"

    def rendered(self, definition: ServiceDefinition) -> str:
        """The property list."""
        return launchd_agent(definition).decode()

    def install(self, definition: ServiceDefinition) -> list[str]:
        """Writes and loads the agent; one that was changed is loaded again."""
        if shutil.which("launchctl") is None:
            raise UsageError("launchd is not on this machine", hint=_NO_SUPERVISOR_HINT)
        definition.log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        changed = _write(self.path, launchd_agent(definition))
        loaded = _said("launchctl", "print", self._target) is not None
        if loaded and changed:
            _run("launchctl", "bootout", self._target)
        _run("launchctl", "enable", self._target)
        if changed or not loaded:
            _run("launchctl", "bootstrap", self._domain, str(self.path))
        return []

    def remove(self) -> bool:
        """Unloads the agent and removes it."""
        if not self.path.exists():
            return False
        if _said("launchctl", "print", self._target) is not None:
            _run("launchctl", "bootout", self._target)
        self.path.unlink()
        return True

    def state(self) -> ServiceState:
        """How the agent is."""
        said = _said("launchctl", "print", self._target)
        return ServiceState(
            path=self.path,
            installed=self.path.exists(),
            enabled=said is not None,
            running="state = running" in (said or ""),
        )


def _write(path: Path, content: bytes) -> bool:
    """Whether the file was not so before."""
    try:
        if path.read_bytes() == content:
            return False
    except FileNotFoundError:
        pass
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    except OSError as error:
        raise UsageError(f"{path} can't be written: {error.strerror}", hint=f"ls -ld {path.parent}") from error
    return True


def _run(*command: str) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=_TIMEOUT_S)  # noqa: S603
    except subprocess.CalledProcessError as error:
        raise SessionTrackError(
            f"`{' '.join(command)}` failed: {error.stderr.strip() or error.returncode}",
            hint=f"`journalctl --user -u {NAME}` may say more." if command[0] == "systemctl" else None,
        ) from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SessionTrackError(f"`{' '.join(command)}` did not run: {error}") from error


def _said(*command: str) -> str | None:
    """What a command says; None where it fails, or is not there."""
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=_TIMEOUT_S)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
