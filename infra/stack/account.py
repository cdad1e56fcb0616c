"""The unprivileged user that the servers run as when `sessiontrack up` is run by root.

PostgreSQL and OpenSearch refuse root, and the others do not need it.
"""

from __future__ import annotations

import os
import pwd
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sessiontrack.errors import UnavailableError

ACCOUNT_NAME = "sessiontrack"


@dataclass(frozen=True)
class Account:
    """A user of the system, which may not exist yet."""

    name: str

    @property
    def uid(self) -> int:
        """Number of the user."""
        return pwd.getpwnam(self.name).pw_uid

    @property
    def gid(self) -> int:
        """Number of the user's group."""
        return pwd.getpwnam(self.name).pw_gid

    def can_reach(self, path: Path) -> bool:
        """Whether the folders above and at `path` let every user through; what does not exist yet does not count."""
        return all(folder.stat().st_mode & 0o001 for folder in [path, *path.parents] if folder.is_dir())

    def create(self) -> None:
        """Creates the user where it is missing.

        Raises:
            UnavailableError: The system refused.
        """
        command = ["useradd", "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
        result = subprocess.run([*command, "--shell", "/usr/sbin/nologin", self.name], capture_output=True, text=True)
        # 9: the name exists.
        if result.returncode not in (0, 9):
            raise UnavailableError(f"useradd could not create the user {self.name}: {result.stderr.strip()}")


def server_account() -> Account | None:
    """Who the servers run as: a system user when root asks, None for the current user."""
    return Account(ACCOUNT_NAME) if os.geteuid() == 0 else None


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
