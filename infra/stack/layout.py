"""Where the native stack keeps its software, data, logs and passwords."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

from infra.stack.account import Account, server_account
from sessiontrack.settings import STACK_FILE, Settings

# Used by root where the folders of the settings can't be entered by the servers' user, as below /root.
SYSTEM_CACHE = Path("/var/cache/sessiontrack")
SYSTEM_DATA = Path("/var/lib/sessiontrack")


@dataclass(frozen=True)
class Layout:
    """The folders of one stack."""

    data_dir: Path
    cache_dir: Path
    account: Account | None

    @classmethod
    def of(cls, settings: Settings) -> Layout:
        """The folders for these settings; creates nothing."""
        account = server_account()
        data_dir, cache_dir = settings.data_dir.absolute(), settings.cache_dir.absolute()
        if account and not account.can_reach(cache_dir):
            cache_dir = SYSTEM_CACHE
        return cls(data_dir, cache_dir, account)

    @property
    def stack_file(self) -> Path:
        """What every process with this `data_dir` reads to find the servers."""
        return self.data_dir / STACK_FILE

    @property
    def servers_dir(self) -> Path:
        """Data of the servers, a folder for each; a link where they live in the system's folder."""
        return self.data_dir / "servers"

    @property
    def logs_dir(self) -> Path:
        """What the servers print."""
        return self.servers_dir / "logs"

    @property
    def state_file(self) -> Path:
        """Ports, passwords and processes of this stack."""
        return self.servers_dir / "state.json"

    @property
    def lock_file(self) -> Path:
        """Held while the stack is started or stopped."""
        return self.data_dir / "stack.lock"

    def create(self) -> None:
        """Makes `data_dir` and the cache."""
        make_dirs(self.data_dir, self._mode)
        make_dirs(self.cache_dir, 0o755)

    def create_servers_dir(self) -> None:
        """Makes the folders of the servers, empty; what the stack of a deleted `data_dir` left elsewhere goes."""
        target = self.servers_dir
        if self.account and not self.account.can_reach(self.data_dir):
            target = SYSTEM_DATA / hashlib.sha256(os.fsencode(self.data_dir)).hexdigest()[:16]
            shutil.rmtree(target, ignore_errors=True)
            self.servers_dir.unlink(missing_ok=True)
            self.servers_dir.symlink_to(target)
        make_dirs(target, self._mode)
        self.own_dir(self.logs_dir)

    @property
    def _mode(self) -> int:
        """The servers' user must be able to pass through root's folders, to its own."""
        return 0o711 if self.account else 0o700

    def own_dir(self, path: Path) -> Path:
        """Makes a folder that only the servers' user can open; returns its true path."""
        path.mkdir(mode=0o700, exist_ok=True)
        self._give(path)
        return path.resolve()

    def own_file(self, path: Path, text: str) -> Path:
        """Writes a file that only the servers' user can read."""
        write_private(path, text)
        self._give(path)
        return path

    def _give(self, path: Path) -> None:
        if self.account:
            os.chown(path, self.account.uid, self.account.gid, follow_symlinks=False)


def make_dirs(path: Path, mode: int) -> None:
    """Makes a folder and those above it that are missing, with this mode whatever the umask is."""
    for folder in reversed([path, *path.parents]):
        if not folder.exists():
            folder.mkdir(exist_ok=True)
            folder.chmod(mode)


def write_private(path: Path, text: str) -> None:
    """Replaces a file at once by one that only its owner can read."""
    # O_EXCL: in a folder of the servers' user, root must not follow a link that somebody laid there.
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(draft, path)
