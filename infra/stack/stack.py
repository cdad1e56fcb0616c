"""The native stack as a whole: bring it up, take it down, tell how it is."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal

from infra.stack import process
from infra.stack.kafka import Kafka
from infra.stack.layout import Layout, write_private
from infra.stack.objectstore import MinIO, SeaweedFS
from infra.stack.opensearch import OpenSearch
from infra.stack.ports import require_free
from infra.stack.postgres import Postgres
from infra.stack.prerequisites import Tools, find_tools
from infra.stack.process import ProcessRecord
from infra.stack.provision import Report, ensure, locked
from infra.stack.registry import Registry
from infra.stack.server import STACK_MARK, Server, Site
from infra.stack.state import StackState, load_state
from sessiontrack.errors import SessionTrackError, TransientError, UnavailableError
from sessiontrack.settings import Settings

Progress = Callable[[str, str], None]
PartState = Literal["running", "starting", "unhealthy", "stopped"]
POLL_S = 0.2
# A server comes after those that it needs.
SERVERS: tuple[type[Server], ...] = (Kafka, Registry, Postgres, OpenSearch)
OBJECT_STORES: dict[str, type[Server]] = {"minio": MinIO, "seaweedfs": SeaweedFS}


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


def silent(part: str, message: str) -> None:
    """Reports nothing."""


class NativeStack:
    """The servers of one `data_dir`.

    Deleting `data_dir` deletes the stack: the next `up` stops what still runs of it and starts anew.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.layout = Layout.of(settings)
        self._saving = threading.Lock()

    def up(self, progress: Progress = silent) -> dict[str, Any]:
        """Installs and starts what is not there yet, in parallel, and waits until every server answers as itself.

        Args:
            progress: Told, from several threads, which part is at what.

        Returns:
            The addresses and passwords, nested as in `sessiontrack.settings.Settings`; also in `<data_dir>/stack.json`.

        Raises:
            UsageError: A prerequisite is missing.
            UnavailableError: Servers did not start; those that did keep running.
        """
        tools = find_tools(self.settings, self.layout.account)
        if not self.layout.state_file.exists():
            self._stop_orphans()
        self.layout.create()
        with locked(self.layout.lock_file):
            state = load_state(self.layout.state_file) or StackState(object_store="minio" if tools.go else "seaweedfs")
            if self.settings.stack.object_store != "auto":
                state.object_store = self.settings.stack.object_store
            servers = self._servers(state, tools)
            state.complete(
                [name for server in servers for name in server.ports],
                [name for server in servers for name in server.secrets],
            )
            state.save(self.layout.state_file)
            connections = {section: values for server in servers for section, values in server.connection().items()}
            write_private(
                self.layout.stack_file, json.dumps({"stack_id": state.stack_id, "settings": connections}, indent=2)
            )
            self._start_all(servers, state, progress)
        return connections

    def down(self, progress: Progress = silent) -> None:
        """Stops every server, those that need others first; data, ports and passwords stay."""
        if not self.layout.state_file.exists():
            self._stop_orphans()
            return
        with locked(self.layout.lock_file):
            state = load_state(self.layout.state_file)
            if not state:
                return
            servers = self._servers(state, None)
            for wave in ([s for s in servers if s.needs], [s for s in servers if not s.needs]):
                with ThreadPoolExecutor(len(servers)) as pool:
                    list(pool.map(lambda server: self._stop(server, state, progress), wave))

    def status(self) -> list[PartStatus]:
        """How each server is, by asking it."""
        state = load_state(self.layout.state_file)
        if not state:
            return [PartStatus(kind.name, "stopped", None, "", kind.version, 0, "never started") for kind in SERVERS]
        servers = self._servers(state, None)
        with ThreadPoolExecutor(len(servers)) as pool:
            return list(pool.map(lambda server: part_status(server, state.processes.get(server.name)), servers))

    def _servers(self, state: StackState, tools: Tools | None) -> list[Server]:
        site = Site(state.stack_id, self.layout, state.ports, state.secrets, self.settings.stack, tools)
        return [kind(site) for kind in (*SERVERS, OBJECT_STORES[state.object_store])]

    def _start_all(self, servers: Sequence[Server], state: StackState, progress: Progress) -> None:
        parts: dict[str, Future[None]] = {}
        with ThreadPoolExecutor(len(servers)) as pool:
            for server in servers:
                needed = [parts[name] for name in server.needs]
                parts[server.name] = pool.submit(self._bring_up, server, needed, state, progress)
        errors = {name: error for name, part in parts.items() if (error := part.exception())}
        for name, error in errors.items():
            if not isinstance(error, SessionTrackError):
                raise error
            progress(name, "failed")
        if errors:
            hints = [error.hint for error in errors.values() if isinstance(error, SessionTrackError) and error.hint]
            raise UnavailableError(
                "\n".join(dict.fromkeys(str(error) for error in errors.values())),
                hint="\n".join(dict.fromkeys(hints)) or None,
            )

    def _bring_up(self, server: Server, needed: Sequence[Future[None]], state: StackState, progress: Progress) -> None:
        def report(message: str) -> None:
            progress(server.name, message)

        ensure(self.layout.cache_dir, server.package, server.install, report)
        for part in needed:
            part.result()
        record = state.processes.get(server.name)
        if record and process.is_alive(record):
            if self._adopt(server, record):
                report("already running")
                return
            report("does not answer, stopping it")
            process.stop(record, server.stop_grace_s, server.stop_signal)
        self._start(server, state, report)

    def _adopt(self, server: Server, record: ProcessRecord) -> bool:
        """Whether a server that runs answers; it may just be starting."""
        try:
            await_ready(server, record)
        except TransientError:
            return False
        return True

    def _start(self, server: Server, state: StackState, report: Report) -> None:
        for name in server.ports:
            require_free(state.ports[name], server.name)
        report("starting")
        self.layout.own_dir(server.home)
        self.layout.own_dir(server.home / "tmp")
        server.configure()
        command = server.command()
        log = self.layout.logs_dir.resolve() / f"{server.name}.log"
        record = process.spawn(server.name, command.argv, command.env, command.cwd, log, self.layout.account)
        self._remember(state, server, record)
        await_ready(server, record)
        report("running")

    def _stop(self, server: Server, state: StackState, progress: Progress) -> None:
        record = state.processes.get(server.name)
        if not record:
            return
        progress(server.name, "stopping")
        process.stop(record, server.stop_grace_s, server.stop_signal)
        self._remember(state, server, None)
        progress(server.name, "stopped")

    def _remember(self, state: StackState, server: Server, record: ProcessRecord | None) -> None:
        with self._saving:
            state.processes.pop(server.name, None)
            if record:
                state.processes[server.name] = record
            state.save(self.layout.state_file)

    def _stop_orphans(self) -> None:
        """Stops servers whose `data_dir` was deleted while they ran."""
        for record in process.find(STACK_MARK, str(self.layout.data_dir)):
            process.stop(record)


def await_ready(server: Server, record: ProcessRecord) -> None:
    """Waits until a server that was started answers as itself, and makes it ready for use.

    Raises:
        UnavailableError: It ended, or a stranger answers at its address.
        TransientError: It does not answer in time.
    """
    deadline = time.monotonic() + server.start_timeout_s
    while True:
        try:
            server.identify()
            server.prepare()
            return
        except TransientError as error:
            if not process.is_alive(record):
                raise UnavailableError(
                    f"{server.name} ended while it started.",
                    hint=f"Its log, {record.log}, ends with:\n{process.log_tail(record)}",
                ) from error
            if time.monotonic() > deadline:
                raise TransientError(
                    f"{server.name} did not answer in time: {error}", hint=f"See its log, {record.log}."
                ) from error
        time.sleep(POLL_S)


def part_status(server: Server, record: ProcessRecord | None) -> PartStatus:
    """How one server is, by asking it."""
    if not record or not process.is_alive(record):
        detail = f"ended by itself, see {record.log}" if record else ""
        return PartStatus(server.name, "stopped", None, server.address, server.version, 0, detail)
    state: PartState = "running"
    detail = ""
    try:
        server.identify()
    except SessionTrackError as error:
        young = isinstance(error, TransientError) and time.time() - record.started < server.start_timeout_s
        state, detail = ("starting" if young else "unhealthy"), str(error)
    return PartStatus(
        server.name, state, record.pid, server.address, server.version, process.resident_bytes(record), detail
    )
