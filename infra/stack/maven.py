"""Fetching artifacts with Maven, through its ordinary client and whatever mirror the user has configured."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

from infra.stack.prerequisites import Tools
from infra.stack.versions import MAVEN_DEPENDENCY_PLUGIN
from sessiontrack.errors import UnavailableError

NO_DEPENDENCIES = "<exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions>"


@dataclass(frozen=True)
class Artifact:
    """Coordinates of one file in a Maven repository."""

    group: str
    name: str
    version: str
    type: str = "jar"
    classifier: str = ""


def fetch(tools: Tools, artifacts: Sequence[Artifact], target: Path, *, dependencies: bool = False) -> None:
    """Copies artifacts into a folder.

    The local repository is a temporary one: several Mavens may not share one, and the files are wanted only once.

    Args:
        tools: Where Maven and the JDK are.
        artifacts: What to fetch.
        target: The folder; created where it is missing.
        dependencies: Fetch what the artifacts need at run time as well.

    Raises:
        UnavailableError: Maven failed; the message ends with what it printed.
    """
    work = target.with_name(f"{target.name}.maven")
    work.mkdir(parents=True)
    (work / "pom.xml").write_text(pom(artifacts, dependencies=dependencies), "utf-8")
    command = [str(tools.maven), "--quiet", "--batch-mode", "--no-transfer-progress", "-Dstyle.color=never"]
    command += [
        "--file",
        str(work / "pom.xml"),
        f"-Dmaven.repo.local={work / 'repository'}",
        f"{MAVEN_DEPENDENCY_PLUGIN}:copy-dependencies",
    ]
    command += [f"-DoutputDirectory={target}", "-DincludeScope=runtime"]
    result = subprocess.run(
        command,
        env=os.environ | {"JAVA_HOME": str(tools.java_home)},
        cwd=work,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    shutil.rmtree(work)
    if result.returncode != 0:
        names = ", ".join(artifact.name for artifact in artifacts)
        raise UnavailableError(
            f"Maven could not fetch {names}:\n{result.stdout.strip()[-2000:]}",
            hint="Check the network and the mirror in ~/.m2/settings.xml, then run it again.",
        )


def pom(artifacts: Sequence[Artifact], *, dependencies: bool) -> str:
    """A project whose dependencies are the artifacts."""
    parts = "".join(_dependency(artifact, dependencies=dependencies) for artifact in artifacts)
    return (
        '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>'
        "<groupId>sessiontrack</groupId><artifactId>stack</artifactId><version>1</version><packaging>pom</packaging>"
        f"<dependencies>{parts}</dependencies></project>\n"
    )


def _dependency(artifact: Artifact, *, dependencies: bool) -> str:
    fields = {
        "groupId": artifact.group,
        "artifactId": artifact.name,
        "version": artifact.version,
        "type": artifact.type,
        "classifier": artifact.classifier,
    }
    body = "".join(f"<{key}>{escape(value)}</{key}>" for key, value in fields.items() if value)
    return f"<dependency>{body}{'' if dependencies else NO_DEPENDENCIES}</dependency>"
