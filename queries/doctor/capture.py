"""Checks of the capture: what it reads, whether it runs, and what waits to be sent."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from infra.service.supervisor import supervisor
from producers.clawdbot.discover import scan, state_folders
from producers.clawdbot.file_names import holds_transcripts
from producers.spool.folders import count_set_aside, spool_root, spool_size
from queries.doctor.finding import Finding, ok, warning, wrong
from sessiontrack.errors import UsageError
from sessiontrack.settings import Settings

_INOTIFY = Path("/proc/sys/fs/inotify")
# The kernel counts the watches of all of a user's programs, editors and file managers among them.
_WATCHES_SHARE = 0.5
_FEW_INSTANCES = 16
# A capture follows within seconds, and looks around by itself every minute.
_STALE_S = 120.0
_SPOOL_SHARE = 0.5
_INSTALL = "sessiontrack service install"
_CAPTURE = f"{_INSTALL}, or sessiontrack capture"


def captured_folders(settings: Settings) -> list[Path]:
    """The folders that a capture reads."""
    return [root.expanduser() for root in settings.capture.roots] or state_folders(os.environ, Path.home())


def check_state_folders(roots: list[Path]) -> Finding:
    """Whether there are folders to capture, and all of each can be read."""
    if not roots:
        return warning(
            "transcripts",
            "no Clawdbot, Moltbot or OpenClaw state folder was found",
            "sessiontrack capture --root FOLDER",
        )
    missing = [root for root in roots if not root.exists()]
    if missing:
        return wrong("transcripts", f"{missing[0]} does not exist", "correct SESSIONTRACK_CAPTURE__ROOTS")
    unreadable: list[Path] = []
    count = 0
    for root in roots:
        for path in scan(root, lambda folder, error: unreadable.append(folder), holds_transcripts):
            count += 1
            if not os.access(path, os.R_OK):
                unreadable.append(path)
    where = ", ".join(map(str, roots))
    if unreadable:
        found = f"{count:,} in {where}; {len(unreadable):,} files or folders can't be read, such as {unreadable[0]}"
        return wrong("transcripts", found, f"sudo chown -R $USER {roots[0]}")
    return ok("transcripts", f"{count:,} in {where}")


def check_inotify(roots: list[Path], limits: Path = _INOTIFY) -> list[Finding]:
    """Whether the kernel lets a capture watch all folders; nothing where the system has no such limit.

    Args:
        roots: What is captured; each folder below takes a watch.
        limits: Where the kernel tells its limits.
    """
    try:
        watches = int((limits / "max_user_watches").read_text())
        instances = int((limits / "max_user_instances").read_text())
    except (OSError, ValueError):
        return []
    folders = sum(1 for root in roots for _ in os.walk(root))
    found = f"{folders:,} folders, {watches:,} watches and {instances:,} watchers for all programs of the user"
    if folders >= watches:
        return [wrong("inotify", found, f"sudo sysctl fs.inotify.max_user_watches={4 * folders}")]
    if folders > watches * _WATCHES_SHARE:
        return [warning("inotify", found, f"sudo sysctl fs.inotify.max_user_watches={4 * folders}")]
    if instances < _FEW_INSTANCES:
        return [warning("inotify", found, "sudo sysctl fs.inotify.max_user_instances=128")]
    return [ok("inotify", found)]


def check_capture(settings: Settings, roots: list[Path], now: float | None = None) -> Finding:
    """Whether a capture runs, and has seen the newest transcript.

    Args:
        settings: Where its checkpoints are.
        roots: What it reads.
        now: Epoch seconds; the clock's where None.
    """
    folder = settings.data_dir / "capture"
    acknowledged = _newest(folder.glob("checkpoints.sqlite*"))
    newest = _newest(path for root in roots for path in scan(root, lambda folder, error: None, holds_transcripts))
    if not _is_held(folder / "lock"):
        if not acknowledged:
            return warning("capture", "none has run yet", _CAPTURE)
        found = f"not running; the last one ended {_age(acknowledged, now)}"
        if newest > acknowledged:
            return wrong("capture", f"{found}, and a transcript is newer", _CAPTURE)
        return warning("capture", found, _CAPTURE)
    if newest > acknowledged + _STALE_S:
        return wrong(
            "capture",
            f"running, but the broker has nothing since {_age(acknowledged, now)}, a transcript is newer",
            "the checks of the broker and of the registry say why; else restart the capture",
        )
    return ok("capture", f"running; the last acknowledgement {_age(acknowledged, now)}" if acknowledged else "running")


def check_service() -> Finding:
    """Whether the capture starts with the machine."""
    try:
        state = supervisor().state()
    except UsageError as error:
        return ok("service", str(error))
    if not state.installed:
        return warning("service", "not installed: the capture does not start with the machine", _INSTALL)
    if not state.enabled:
        return wrong("service", f"{state.path} is there, but not enabled", _INSTALL)
    return ok("service", f"{state.path}, enabled")


def check_spool(settings: Settings) -> Finding:
    """Whether events wait on disk, and how full the spool is."""
    root = spool_root(settings.data_dir)
    if refused := count_set_aside(root):
        return warning(
            "spool", f"{refused:,} events in {root} were refused for good", "look into the log for the reason"
        )
    size = spool_size(root)
    if not size.bytes:
        return ok("spool", "empty")
    found = f"{size.bytes / 1024**2:,.1f} MiB wait for the broker, since {_age((size.oldest or 0) / 1000, None)}"
    limit = settings.capture.spool_bytes
    mend = "sessiontrack up; a running capture sends what waits"
    if size.bytes > limit * _SPOOL_SHARE:
        return wrong("spool", f"{found}, of {limit / 1024**2:,.0f} MiB at most", mend)
    return warning("spool", found, mend)


def _is_held(lock: Path) -> bool:
    try:
        with lock.open("rb") as file:
            # Shared, and let go of at once: two doctors don't see each other.
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _newest(paths: Iterable[Path]) -> float:
    newest = 0.0
    for path in paths:
        with suppress(OSError):
            newest = max(newest, path.stat().st_mtime)
    return newest


def _age(moment: float, now: float | None) -> str:
    seconds = max(0.0, (time.time() if now is None else now) - moment)
    for unit, length in _UNITS.items():
        if seconds >= length:
            return f"{seconds / length:.0f} {unit} ago"
    return "just now"


_UNITS: Mapping[str, int] = {"days": 86_400, "hours": 3_600, "minutes": 60, "seconds": 1}
