"""Checks of the machine: Python, the data folder, the disk, the configuration."""

from __future__ import annotations

import os
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from queries.doctor.finding import Fact, Finding, ok, warning, wrong
from sessiontrack.data_folder import require_known_format
from sessiontrack.disk import disk_space
from sessiontrack.errors import UsageError

# What the package asks for in pyproject.toml.
_OLDEST_PYTHON = (3, 11)
_NEWEST_PYTHON = (3, 13)
# The spool alone may take 1 GiB, and a stack's log and indexes as much in a busy month.
_LITTLE_FREE_BYTES = 5 * 1024**3
_GROUP_AND_OTHERS = 0o077


def check_python(version: tuple[int, int] = sys.version_info[:2]) -> Finding:
    """Whether this Python is one that the package is tested with."""
    found = ".".join(map(str, version))
    if _OLDEST_PYTHON <= version <= _NEWEST_PYTHON:
        return ok("python", found)
    wanted = f"{_OLDEST_PYTHON[0]}.{_OLDEST_PYTHON[1]} to {_NEWEST_PYTHON[0]}.{_NEWEST_PYTHON[1]}"
    mend = "in the clone: rm -rf .venv && make install PYTHON=python3.13"
    return wrong("python", f"{found}, wanted is {wanted}", mend)


def check_data_folder(folder: Path) -> Finding:
    """Whether the data folder can be written, by its owner alone."""
    if not folder.exists():
        parent = next(each for each in folder.parents if each.exists())
        if os.access(parent, os.W_OK | os.X_OK):
            return ok("data folder", f"{folder} is made when it is needed")
        return wrong("data folder", f"{parent} can't be written", f"export SESSIONTRACK_DATA_DIR=… or chown {parent}")
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        return wrong("data folder", f"{folder} can't be written", f"sudo chown -R $USER {folder}")
    try:
        require_known_format(folder)
    except UsageError as error:
        return wrong("data folder", str(error), error.hint or "")
    # Servers that root starts run as another user, who must pass through: the folders inside are private then.
    if folder.stat().st_mode & _GROUP_AND_OTHERS & ~0o011:
        return warning("data folder", f"others can read {folder}", f"chmod go-rw {folder}")
    return ok("data folder", str(folder))


def check_disk(folder: Path, reserve_bytes: int) -> Finding:
    """Whether the disk of the data folder has room.

    Args:
        folder: The data folder.
        reserve_bytes: With less free than this, capture waits.
    """
    space = disk_space(folder, reserve_bytes)
    mend = f"du -xh {space.folder} | sort -h | tail"
    facts: dict[str, Fact] = {"free_bytes": space.free, "total_bytes": space.total, "folder": str(space.folder)}
    if space.is_low:
        found = f"{space}: capture and spool take nothing more, servers may stop"
        return wrong("disk", found, mend, "disk_full", **facts)
    if space.free < _LITTLE_FREE_BYTES:
        return warning("disk", str(space), mend, "disk_free", **facts)
    return ok("disk", str(space), "disk_free", **facts)


def check_config(path: Path) -> Finding:
    """Whether the configuration file can be read, and its secrets by nobody else."""
    try:
        values = tomllib.loads(path.read_text("utf-8"))
        mode = path.stat().st_mode
    except FileNotFoundError:
        return ok("configuration", f"none at {path}")
    except OSError as error:
        return wrong("configuration", f"{path} can't be read: {error.strerror}", f"sudo chown $USER {path}")
    except ValueError as error:
        return wrong("configuration", f"{path} is no TOML: {error}", f"${{EDITOR:-vi}} {path}")
    if _has_secret(values) and mode & _GROUP_AND_OTHERS:
        return wrong("configuration", f"{path} holds a password, and others can read it", f"chmod 600 {path}")
    return ok("configuration", str(path))


def _has_secret(values: Mapping[str, Any]) -> bool:
    return any(
        _has_secret(value) if isinstance(value, Mapping) else value and name in {"password", "secret_key"}
        for name, value in values.items()
    )
