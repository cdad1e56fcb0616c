"""What the machine must have before the stack can run: a JDK, Maven, and Go where MinIO is wanted."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from infra.stack.account import Account, server_account
from infra.stack.versions import MINIMUM_JDK
from sessiontrack.errors import UsageError
from sessiontrack.settings import Settings

JVM_FOLDERS = ("/usr/lib/jvm/*", "/opt/java/*", "/opt/homebrew/opt/openjdk*", "/usr/local/opt/openjdk*")
MACOS_JVM_FOLDERS = ("/Library/Java/JavaVirtualMachines/*/Contents/Home",)


@dataclass(frozen=True)
class Prerequisite:
    """Something that is missing, and the package it comes from."""

    what: str
    apt: str
    brew: str


JDK = Prerequisite(
    f"a JDK {MINIMUM_JDK} or newer (Kafka, the schema registry and OpenSearch run on it)",
    "openjdk-21-jdk-headless",
    "openjdk",
)
MAVEN = Prerequisite("Maven (it fetches the three)", "maven", "maven")
USERADD = Prerequisite("useradd (root can't run the servers, and it makes a user for them)", "passwd", "")
GO = Prerequisite("Go (it builds MinIO)", "golang-go", "go")


@dataclass(frozen=True)
class Tools:
    """Programs of the machine that the stack uses."""

    java_home: Path
    maven: Path
    go: Path | None


def find_tools(settings: Settings, account: Account | None) -> Tools:
    """Looks for what the stack needs.

    Args:
        settings: `stack.object_store` decides whether Go is needed.
        account: Who will run the servers, and must be able to enter the JDK's folder.

    Raises:
        UsageError: Something is missing; the message names everything that is.
    """
    java_home, maven, go = find_jdk(account), shutil.which("mvn"), shutil.which("go")
    wanted: list[tuple[Prerequisite, Path | str | None]] = [(JDK, java_home), (MAVEN, maven)]
    if settings.stack.object_store == "minio":
        wanted.append((GO, go))
    if account:
        wanted.append((USERADD, shutil.which("useradd")))
    missing = [prerequisite for prerequisite, found in wanted if not found]
    if missing or not java_home or not maven:
        names = "".join(f"\n  - {prerequisite.what}" for prerequisite in missing)
        raise UsageError(f"The stack needs what this machine does not have:{names}", hint=install_command(missing))
    return Tools(java_home, Path(maven), Path(go) if go else None)


def check_prerequisites(settings: Settings) -> None:
    """Checks that the machine has what `up` needs.

    Raises:
        UsageError: Something is missing; the message names everything that is, the hint the command that installs it.
    """
    find_tools(settings, server_account())


def install_command(missing: list[Prerequisite]) -> str:
    """The one command that installs what is missing."""
    if sys.platform == "darwin":
        return "brew install " + " ".join(prerequisite.brew for prerequisite in missing)
    sudo = "" if os.geteuid() == 0 else "sudo "
    packages = " ".join(prerequisite.apt for prerequisite in missing)
    return f"{sudo}apt-get update && {sudo}apt-get install -y {packages}"


def find_jdk(account: Account | None = None) -> Path | None:
    """The home of the newest JDK that is new enough: `JAVA_HOME`, `java` on the path, the usual folders."""
    found = {home.resolve(): jdk_version(home) for home in _jdk_candidates()}
    usable = {
        home: version
        for home, version in found.items()
        if version >= MINIMUM_JDK and (account is None or account.can_reach(home))
    }
    return max(usable, key=lambda home: usable[home], default=None)


def jdk_version(home: Path) -> int:
    """The feature version of the JDK in a folder, 0 where there is none (a JRE without a compiler is none)."""
    if not (home / "bin" / "javac").exists():
        return 0
    try:
        match = re.search(r'^JAVA_VERSION="(\d+)', (home / "release").read_text("utf-8"), re.MULTILINE)
    except OSError:
        return 0
    return int(match[1]) if match else 0


def _jdk_candidates() -> Iterator[Path]:
    if home := os.environ.get("JAVA_HOME"):
        yield Path(home)
    if java := shutil.which("java"):
        yield Path(java).resolve().parent.parent
    for pattern in (*JVM_FOLDERS, *MACOS_JVM_FOLDERS):
        yield from Path("/").glob(pattern.lstrip("/"))
