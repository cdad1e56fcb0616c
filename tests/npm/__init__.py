"""What tests need of the npm registry, installed from a lock."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

ASYNCAPI_SPECS = Path(__file__).parent
# npm tries a registry that does not answer for long.
_LONGEST_S = 300.0


def installed(package: Path, folder: Path) -> Path:
    """Installs a package and what its lock names into a new folder; skips where npm is missing.

    Args:
        package: Folder with package.json and package-lock.json.
        folder: Where to; it must not exist.

    Returns:
        The folder.
    """
    shutil.copytree(package, folder, ignore=shutil.ignore_patterns("node_modules", "*.py", "__pycache__"))
    run([npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund"], folder)
    return folder


def npm() -> str:
    """The npm command; skips where it is missing."""
    found = shutil.which("npm")
    if found is None:
        pytest.skip("npm is not installed: apt-get install npm")
    return found


def run(command: Sequence[str], folder: Path) -> str:
    """What a command says that must succeed."""
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False, text=True, timeout=_LONGEST_S)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stdout}{done.stderr}"
    return done.stdout.strip()
