"""The anatomy that all servers of the stack share."""

from __future__ import annotations

import os
import signal
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from infra.servers import JVM_OPTIONS
from infra.stack.account import run_as
from infra.stack.layout import Layout
from infra.stack.ports import LOOPBACK
from infra.stack.prerequisites import Tools
from infra.stack.provision import Report
from sessiontrack.settings import StackSettings

# In the environment of every server: names the `data_dir` that it belongs to, so that it is found when that is gone.
STACK_MARK = "SESSIONTRACK_SERVER_OF"


@dataclass(frozen=True)
class Command:
    """How a server is run."""

    argv: list[str]
    env: dict[str, str]
    cwd: Path


@dataclass(frozen=True)
class Site:
    """What the stack gives its servers."""

    stack_id: str
    """16 random bytes in URL-safe Base64, as Kafka wants it; a server answers with it, or proves to know a secret."""
    layout: Layout
    ports: Mapping[str, int]
    secrets: Mapping[str, str]
    settings: StackSettings
    tools: Tools | None
    """None where only the state of the servers is wanted."""


class Server(ABC):
    """One server: how it is installed, configured, run, recognised and made ready."""

    name: ClassVar[str]
    """Of the part, its folder and its log."""
    version: ClassVar[str]
    ports: ClassVar[tuple[str, ...]]
    """Names of its ports; the first one is the one that clients use."""
    secrets: ClassVar[tuple[str, ...]] = ()
    """Names of its passwords."""
    needs: ClassVar[tuple[str, ...]] = ()
    """Names of the servers that must be ready before it starts and run until it has stopped."""
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM
    start_timeout_s: ClassVar[float] = 120.0
    """A slow machine that starts everything at once needs several times what an idle one does."""
    stop_grace_s: ClassVar[float] = 30.0

    def __init__(self, site: Site) -> None:
        self.site = site

    @property
    def release(self) -> str:
        """What people call its version."""
        return self.version

    @property
    def package(self) -> str:
        """Its folder in the cache."""
        return f"{self.name}-{self.version}"

    @property
    def software(self) -> Path:
        """Where it is installed."""
        return self.site.layout.cache_dir / self.package

    @property
    def home(self) -> Path:
        """Its configuration and data."""
        return self.site.layout.servers_dir.resolve() / self.name

    @property
    def port(self) -> int:
        """The port that clients use; 0 while none is chosen."""
        return self.site.ports.get(self.ports[0], 0)

    @property
    def address(self) -> str:
        """Host and port that clients use."""
        return f"{LOOPBACK}:{self.port}"

    @property
    def tools(self) -> Tools:
        """Programs of the machine."""
        assert self.site.tools, "only a stack that is started installs and runs"
        return self.site.tools

    @property
    def remark(self) -> str:
        """What people should know about it, for `status`."""
        return ""

    def environment(self) -> dict[str, str]:
        """What every server gets; nothing else of the caller's environment leaks into it."""
        return {
            "PATH": os.defpath,
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "TMPDIR": str(self.home / "tmp"),
            STACK_MARK: str(self.site.layout.data_dir),
        }

    def java(self, *options: str) -> list[str]:
        """A small Java machine that leaves nothing outside of the server's folder."""
        return [
            str(self.tools.java_home / "bin" / "java"),
            *JVM_OPTIONS,
            f"-XX:ErrorFile={self.home / 'hs_err.log'}",
            f"-Djava.io.tmpdir={self.home / 'tmp'}",
            *options,
        ]

    def write(self, name: str, text: str) -> Path:
        """Writes a file of its configuration, readable for it alone."""
        return self.site.layout.own_file(self.home / name, text)

    def run(self, *argv: str) -> str:
        """Runs a command as the servers' user, in the server's environment."""
        return run_as(
            self.site.layout.account, argv, self.command().env, self.home, f"{self.name}: {Path(argv[0]).name}"
        )

    @abstractmethod
    def install(self, target: Path, report: Report) -> None:
        """Fills an empty folder with its software."""

    @abstractmethod
    def configure(self) -> None:
        """Writes its configuration and, the first time, an empty data folder; before every start."""

    @abstractmethod
    def command(self) -> Command:
        """How it is run."""

    @abstractmethod
    def identify(self) -> None:
        """Asks who answers at its address.

        Raises:
            TransientError: Nobody does, or not yet.
            UnavailableError: A stranger does.
        """

    def prepare(self) -> None:
        """Makes it ready for use once it answers; does nothing the second time."""
        return

    @abstractmethod
    def connection(self) -> dict[str, Any]:
        """Its part of `sessiontrack.settings.Settings`: section and values."""


def stranger(name: str, address: str) -> str:
    """Message for an answer that is not our server's."""
    return f"Something answers at {address} that is not {name} of this stack."
