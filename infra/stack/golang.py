"""Builds Go programs from source, for servers that no package registry has as a binary."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from sessiontrack.errors import UnavailableError


def build(go: Path, package: str, target: Path) -> None:
    """Builds a program; the sources and the compiler's cache, up to 2 GB, go when it is done.

    Args:
        go: The go command.
        package: Import path of its main package, with its version.
        target: The folder that gets the binary.

    Raises:
        UnavailableError: It could not be built; the message ends with what the compiler printed.
    """
    work = target.with_name("go")
    env = os.environ | {
        "GOBIN": str(target),
        "GOPATH": str(work / "path"),
        "GOMODCACHE": str(work / "modules"),
        "GOCACHE": str(work / "cache"),
        "GOFLAGS": "-modcacherw -trimpath",
        "CGO_ENABLED": "0",
    }
    command = [str(go), "install", "-ldflags=-s -w", package]
    result = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    shutil.rmtree(work, ignore_errors=True)
    if result.returncode != 0:
        raise UnavailableError(f"{package} could not be built:\n{result.stderr.strip()[-2000:]}")
