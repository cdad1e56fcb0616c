"""Debian's Prometheus: unpacked into the cache, so that nothing of it runs but what a test starts."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import pytest
import yaml

from infra.prometheus.config import RULES
from infra.stack.provision import Report, ensure
from sessiontrack.settings import Settings

_PACKAGE = "prometheus"
# apt tries a mirror that does not answer for long.
_LONGEST_S = 300.0


def prometheus_program(name: str) -> Path:
    """Where `prometheus` or `promtool` is; skips where it can't be had, and fails in CI."""
    if installed := shutil.which(name):
        return Path(installed)
    if not shutil.which("apt-get"):
        _missing("Prometheus is not installed, and this is no Debian")
    cache = Settings().cache_dir
    cache.mkdir(parents=True, exist_ok=True)
    return ensure(cache, _PACKAGE, _unpack, lambda message: None) / "usr" / "bin" / name


def rules(name: str) -> list[dict[str, Any]]:
    """Our rules: `recording` or `alerts`."""
    groups = yaml.safe_load((RULES / f"{name}.yml").read_text("utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def _unpack(target: Path, report: Report) -> None:
    work = target.with_name("package")
    work.mkdir()
    if _run(["apt-get", "download", _PACKAGE], work).returncode != 0 and os.geteuid() == 0:
        _run(["apt-get", "update"], work)
        _run(["apt-get", "download", _PACKAGE], work)
    package = next(work.glob("*.deb"), None)
    if package is None:
        _missing("Prometheus is not installed, and apt-get does not find it")
    subprocess.run(["dpkg-deb", "--extract", package, target], check=True, stdin=subprocess.DEVNULL)


def _run(command: Sequence[str], folder: Path) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=_LONGEST_S
    )


def _missing(why: str) -> NoReturn:
    message = f"{why}: apt-get install prometheus"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)
