"""The life of one server in a stack: installed, started, adopted, stopped, and how it is."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Literal

from infra.stack import process
from infra.stack.ports import require_free
from infra.stack.process import ProcessRecord
from infra.stack.provision import Report, ensure
from infra.stack.server import Server
from sessiontrack.errors import SessionTrackError, TransientError, UnavailableError

PartState = Literal["running", "starting", "unhealthy", "stopped"]
POLL_S = 0.2


@dataclass(frozen=True)
class PartStatus:
    """How one server is."""

    name: str
    state: PartState
    pid: int | None
    address: str
    version: str
    rss_bytes: int
    detail: str = ""


class Part:
    """One server and its process.

    Args:
        server: The server.
        record: Its process of the last start.
        remember: Keeps the record of a process that was started, None of one that was stopped.
        cancelled: Ends all waiting when it is set.
    """

    def __init__(
        self,
        server: Server,
        record: ProcessRecord | None,
        remember: Callable[[str, ProcessRecord | None], None],
        cancelled: threading.Event,
    ) -> None:
        self.server = server
        self.record = record
        self._remember = remember
        self._cancelled = cancelled

    def bring_up(self, needed: Sequence[Future[None]], report: Report) -> None:
        """Installs the server, waits for those that it needs, and starts it; leaves one alone that runs and answers.

        Raises:
            UnavailableError: It can't be installed or started, its port is taken, or a stranger answers there.
            TransientError: It does not answer in time.
        """
        ensure(self.server.site.layout.cache_dir, self.server.package, self.server.install, report)
        for part in needed:
            part.result()
        if self.record and process.is_alive(self.record):
            try:
                self._await_ready(self.record)
            except (TransientError, UnavailableError):
                report("does not answer, stopping it")
                process.stop(self.record, self.server.stop_grace_s, self.server.stop_signal)
            else:
                report("already running")
                return
        self._start(report)

    def stop(self, report: Report) -> None:
        """Stops the server, and waits for its end."""
        if self.record:
            report("stopping")
            process.stop(self.record, self.server.stop_grace_s, self.server.stop_signal)
            self._remember(self.server.name, None)
            report("stopped")

    def status(self) -> PartStatus:
        """How the server is, by asking it."""
        if not self.record or not process.is_alive(self.record):
            return self._status("stopped", detail=f"ended by itself, see {self.record.log}" if self.record else "")
        try:
            self.server.identify()
        except TransientError as error:
            young = time.time() - self.record.started < self.server.start_timeout_s
            return self._status("starting" if young else "unhealthy", self.record, str(error))
        except SessionTrackError as error:
            return self._status("unhealthy", self.record, str(error))
        return self._status("running", self.record)

    def _status(self, state: PartState, record: ProcessRecord | None = None, detail: str = "") -> PartStatus:
        server = self.server
        pid, memory = (record.pid, process.resident_bytes(record.pid)) if record else (None, 0)
        notes = "; ".join(filter(None, [detail, server.remark]))
        return PartStatus(server.name, state, pid, server.address, server.release, memory, notes)

    def _start(self, report: Report) -> None:
        server, layout = self.server, self.server.site.layout
        for name in server.ports:
            require_free(server.site.ports[name], server.name)
        report("starting")
        layout.own_dir(server.home)
        # What a killed server had unpacked there would add up.
        shutil.rmtree(server.home / "tmp", ignore_errors=True)
        layout.own_dir(server.home / "tmp")
        server.configure()
        command, log = server.command(), layout.logs_dir.resolve() / f"{server.name}.log"
        self.record = process.spawn(server.name, command.argv, command.env, command.cwd, log, layout.account)
        self._remember(server.name, self.record)
        self._await_ready(self.record)
        report("running")

    def _await_ready(self, record: ProcessRecord) -> None:
        """Waits until the server answers as itself, and makes it ready for use."""
        name, deadline = self.server.name, time.monotonic() + self.server.start_timeout_s
        while True:
            try:
                self.server.identify()
                self.server.prepare()
                return
            except TransientError as error:
                if not process.is_alive(record):
                    hint = f"Its log, {record.log}, ends with:\n{process.log_tail(record)}"
                    raise UnavailableError(f"{name} ended while it started.", hint=hint) from error
                if time.monotonic() > deadline:
                    hint = f"Its log is {record.log}."
                    raise TransientError(f"{name} did not answer in time: {error}", hint=hint) from error
            if self._cancelled.wait(POLL_S):
                raise UnavailableError(f"{name} was still starting when the wait was cut short.")
