"""What a service runs, and how systemd and launchd are told so."""

from __future__ import annotations

import plistlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

NAME = "sessiontrack-capture"
# The longest that a capture takes to end is ten seconds for the broker and some for its checkpoints.
_STOP_TIMEOUT_S = 30
# A broker that is away at the start ends the capture; it is asked again soon, and without end.
_RESTART_DELAY_S = 5


@dataclass(frozen=True, slots=True)
class ServiceDefinition:
    """What the service runs.

    Attributes:
        command: The program and its arguments; never a password.
        environment: Variables that it gets; never a password.
        log: Where launchd puts what it says; systemd has its journal.
    """

    command: tuple[str, ...]
    environment: Mapping[str, str]
    log: Path


def systemd_unit(definition: ServiceDefinition) -> str:
    """The text of a systemd user unit.

    Source: https://www.freedesktop.org/software/systemd/man/latest/systemd.service.html
    """
    command = " ".join(_quoted(word).replace("$", "$$") for word in definition.command)
    environment = "".join(
        f"Environment={_quoted(f'{name}={value}')}\n" for name, value in sorted(definition.environment.items())
    )
    return f"""\
[Unit]
Description=SessionTrack: captures this user's assistant sessions
StartLimitIntervalSec=0

[Service]
Type=exec
ExecStart={command}
{environment}Restart=always
RestartSec={_RESTART_DELAY_S}
TimeoutStopSec={_STOP_TIMEOUT_S}
Nice=5
UMask=0077

[Install]
WantedBy=default.target
"""


def launchd_agent(definition: ServiceDefinition) -> bytes:
    """The property list of a launchd agent.

    Source: `man launchd.plist`.
    """
    return plistlib.dumps(
        {
            "Label": NAME,
            "ProgramArguments": list(definition.command),
            "EnvironmentVariables": dict(definition.environment),
            "RunAtLoad": True,
            "KeepAlive": True,
            "ThrottleInterval": _RESTART_DELAY_S,
            "ExitTimeOut": _STOP_TIMEOUT_S,
            "ProcessType": "Background",
            "Umask": 0o077,
            "StandardErrorPath": str(definition.log),
        }
    )


def _quoted(word: str) -> str:
    # Percent signs are specifiers in a unit.
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("\n", "\\n")
    return f'"{escaped}"'
