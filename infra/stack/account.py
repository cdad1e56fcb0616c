"""The unprivileged user that the servers run as when `sessiontrack up` is run by root.

PostgreSQL and OpenSearch refuse root, and the others do not need it.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sessiontrack.errors import UnavailableError, UsageError

ACCOUNT_NAME = "sessiontrack"


@dataclass(frozen=True)
class Account:
    """A user of the system."""

    name: str
    uid: int
    gid: int

    def can_reach(self, path: Path) -> bool:
        """Whether the folders above and at `path` let this user through; what does not exist yet does not count."""
        return all(self._may_enter(folder) for folder in [path, *path.parents] if folder.is_dir())

    def _may_enter(self, folder: Path) -> bool:
        status = folder.stat()
        return bool(status.st_mode & (0o100 if status.st_uid == self.uid else 0o001))


def server_account() -> Account | None:
    """Who the servers run as: None for the current user, or a system user, created when root asks first.

    Raises:
        UsageError: Root asks on a system without `useradd`.
        UnavailableError: The system user could not be created.
    """
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(ACCOUNT_NAME)
    except KeyError:
        _create()
        entry = pwd.getpwnam(ACCOUNT_NAME)
    return Account(ACCOUNT_NAME, entry.pw_uid, entry.pw_gid)


def _create() -> None:
    if not shutil.which("useradd"):
        raise UsageError(
            "root can't run the servers, and there is no useradd to make a user for them.",
            hint="Run it as an ordinary user.",
        )
    command = ["useradd", "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
    result = subprocess.run([*command, "--shell", "/usr/sbin/nologin", ACCOUNT_NAME], capture_output=True, text=True)
    # 9: the name exists, because another `up` was faster.
    if result.returncode not in (0, 9):
        raise UnavailableError(f"useradd could not create the user {ACCOUNT_NAME}: {result.stderr.strip()}")


def run_as(account: Account | None, argv: Sequence[str], env: Mapping[str, str], cwd: Path, what: str) -> str:
    """Runs a command to its end as `account` and returns its output.

    Raises:
        UnavailableError: It failed; the message ends with what it printed.
    """
    identity: dict[str, Any] = {"user": account.uid, "group": account.gid, "extra_groups": []} if account else {}
    result: subprocess.CompletedProcess[str] = subprocess.run(
        list(argv),
        env=dict(env),
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        umask=0o077,
        **identity,
    )
    if result.returncode != 0:
        raise UnavailableError(
            f"{what} failed (exit {result.returncode}): {(result.stdout + result.stderr).strip()[-2000:]}"
        )
    return result.stdout
