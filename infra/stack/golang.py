"""Builds Go programs from source, for servers that no package registry has as a binary."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections import deque
from pathlib import Path

from infra.stack.provision import Report
from sessiontrack.errors import UnavailableError

# Of what Go prints: enough for the errors of a compiler.
LINES_KEPT = 40


def build(go: Path, package: str, target: Path, report: Report) -> None:
    """Builds a program; the sources and the compiler's cache, up to 2 GB, go when it is done.

    Args:
        go: The go command.
        package: Import path of its main package, with its version.
        target: The folder that gets the binary.
        report: Told what is going on.

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
    # With -v it names each package that it compiles, after it has told of its downloads.
    command = [str(go), "install", "-v", "-ldflags=-s -w", package]
    printed: deque[str] = deque(maxlen=LINES_KEPT)
    report("downloading its sources")
    compiling = False
    with subprocess.Popen(
        command, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        for line in process.stderr or ():
            printed.append(line)
            if not compiling and not line.startswith("go: "):
                compiling = True
                report("compiling, which takes minutes")
    shutil.rmtree(work, ignore_errors=True)
    if process.returncode != 0:
        raise UnavailableError(f"{package} could not be built:\n{''.join(printed).strip()[-2000:]}")
