"""The whole pipeline as a user runs it: the command, the workers, the stores."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from infra.init import initialise
from infra.workers import WorkerStatus, start_workers, stop_workers, worker_states
from queries.verify import Report, verify
from sessiontrack.errors import TransientError, UnavailableError
from sessiontrack.settings import Settings
from tests.stack.waiting import wait_until

SESSIONTRACK = Path(sys.executable).with_name("sessiontrack")
# A loaded machine may stand still for a while; a worker that is stuck stays so.
STALL_SECONDS = 180.0


class Pipeline:
    """A running pipeline.

    Args:
        settings: Of its stack.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def run(self, *arguments: str | Path) -> subprocess.CompletedProcess[bytes]:
        """Runs the command; its exit code is for the caller to judge."""
        return subprocess.run(
            [SESSIONTRACK, *arguments],
            env=self._environment(),
            capture_output=True,
            check=False,
            timeout=2 * STALL_SECONDS,
        )

    def start(self, *arguments: str | Path) -> subprocess.Popen[bytes]:
        """Starts the command."""
        return subprocess.Popen(
            [SESSIONTRACK, *arguments],
            env=self._environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def json(self, *arguments: str | Path) -> Any:
        """What the command prints with --json; it must succeed."""
        done = self.run(*arguments, "--json")
        assert done.returncode == 0, done.stderr.decode()
        return json.loads(done.stdout)

    def capture(self, root: Path) -> dict[str, Any]:
        """Captures a folder once; returns the summary."""
        summary: dict[str, Any] = self.json("capture", "--root", root, "--once")
        return summary

    def verify(self, session_id: str | None = None, *, full: bool = False) -> Report:
        """The report of a verify, equal or not."""
        return verify(self.settings, session_id, full=full, stall_s=STALL_SECONDS)

    def forget_checkpoints(self) -> None:
        """The next capture knows nothing of what was sent."""
        shutil.rmtree(self.settings.data_dir / "capture", ignore_errors=True)

    def kill_worker(self, name: str) -> None:
        """Ends a worker at once, as a crash would, and waits until another one runs in its place."""
        worker = psutil.Process(self.worker(name).pid)
        worker.kill()
        psutil.wait_procs([worker])

        def runs_again() -> bool:
            now = self.worker(name)
            assert now.state != "dead"
            return now.pid not in (None, worker.pid)

        wait_until(runs_again, f"another {name} in place of the one that was killed")

    def worker(self, name: str) -> WorkerStatus:
        """How a worker is."""
        return next(state for state in worker_states(self.settings) if state.name == name)

    def _environment(self) -> dict[str, str]:
        return os.environ | {"SESSIONTRACK_DATA_DIR": str(self.settings.data_dir)}


def differences(report: Report) -> set[tuple[str, str, str, str]]:
    """What a report names: store, dataset, kind and record."""
    return {(each.store, each.dataset, each.kind, each.record_id) for each in report.differences}


def is_initialised(settings: Settings) -> bool:
    """Makes what is missing; servers that have just begun may be slow to answer on a busy machine."""
    try:
        initialise(settings)
    except (TransientError, UnavailableError):
        return False
    return True


@contextmanager
def running_pipeline(settings: Settings) -> Iterator[Pipeline]:
    """The pipeline on a running stack; stops at the end the workers that it started."""
    wait_until(lambda: is_initialised(settings), "topics, schemas, tables, indexes and the bucket")
    started = start_workers(settings)
    try:
        yield Pipeline(settings)
    finally:
        if started:
            stop_workers(settings)
