"""The native stack as a whole: bring it up, take it down, tell how it is."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial
from typing import Any

from infra.stack import process
from infra.stack.kafka import Kafka
from infra.stack.layout import Layout, write_private
from infra.stack.objectstore import MinIO, SeaweedFS
from infra.stack.opensearch import OpenSearch
from infra.stack.part import Part, PartStatus
from infra.stack.postgres import Postgres
from infra.stack.prerequisites import Tools, find_tools
from infra.stack.process import ProcessRecord
from infra.stack.provision import ensure, locked
from infra.stack.registry import Registry
from infra.stack.server import STACK_MARK, Server, Site
from infra.stack.state import StackState, load_state
from sessiontrack.data_folder import claim_data_folder
from sessiontrack.errors import SessionTrackError, UnavailableError
from sessiontrack.settings import Settings

Progress = Callable[[str, str], None]
SERVERS: tuple[type[Server], ...] = (Kafka, Registry, Postgres, OpenSearch)
OBJECT_STORES: dict[str, type[Server]] = {"minio": MinIO, "seaweedfs": SeaweedFS}


def silent(part: str, message: str) -> None:
    """Reports nothing."""


class NativeStack:
    """The servers of one `data_dir`.

    Deleting `data_dir` deletes the stack: the next `up` stops what still runs of it and starts anew.

    Args:
        settings: `data_dir` says which stack.
        servers: What it is made of beside the object store; a server comes after those that it needs.
    """

    def __init__(self, settings: Settings, servers: Sequence[type[Server]] = SERVERS) -> None:
        self.settings = settings
        self._servers = servers
        self.layout = Layout.of(settings)
        self._saving = threading.Lock()
        self._cancelled = threading.Event()

    def install(self, progress: Progress = silent) -> None:
        """Fetches and builds the servers into the cache, in parallel; starts nothing.

        Raises:
            UsageError: A prerequisite is missing.
            UnavailableError: One can't be fetched or built.
        """
        tools = find_tools(self.settings, self.layout.account)
        self.layout.cache_dir.mkdir(parents=True, exist_ok=True)
        state = StackState(object_store="minio" if tools.go else "seaweedfs")
        self._choose_object_store(state)
        servers = [part.server for part in self._parts(state, tools)]
        with ThreadPoolExecutor(len(servers)) as pool:
            started = [
                pool.submit(
                    ensure, self.layout.cache_dir, server.package, server.install, partial(progress, server.name)
                )
                for server in servers
            ]
        for each in started:
            each.result()

    def up(self, progress: Progress = silent) -> dict[str, Any]:
        """Installs and starts what is not there yet, in parallel, and waits until every server answers as itself.

        Args:
            progress: Told, from several threads, which part is at what.

        Returns:
            The addresses and passwords, nested as in `sessiontrack.settings.Settings`; also in `<data_dir>/stack.json`.

        Raises:
            UsageError: A prerequisite is missing, or a later release has used the data folder.
            UnavailableError: Servers did not start; those that did keep running.
        """
        tools = find_tools(self.settings, self.layout.account)
        if self.layout.account:
            self.layout.account.create()
        self.layout.create()
        claim_data_folder(self.layout.data_dir)
        with locked(self.layout.lock_file, lambda: progress("stack", "waiting for another up or down")):
            state = load_state(self.layout.state_file) or self._new_state(tools)
            self._choose_object_store(state)
            parts = self._parts(state, tools)
            servers = [part.server for part in parts]
            state.complete(
                [name for server in servers for name in server.ports],
                [name for server in servers for name in server.secrets],
            )
            state.save(self.layout.state_file)
            connections = {section: values for server in servers for section, values in server.connection().items()}
            content = {"stack_id": state.stack_id, "settings": connections}
            write_private(self.layout.stack_file, json.dumps(content, indent=2))
            self._bring_up(parts, progress)
        return connections

    def down(self, progress: Progress = silent) -> None:
        """Stops every server, those that need others first; data, ports and passwords stay."""
        if not self.layout.state_file.exists():
            self._stop_orphans()
            return
        with locked(self.layout.lock_file, lambda: progress("stack", "waiting for another up or down")):
            state = load_state(self.layout.state_file)
            parts = self._parts(state, None) if state else []
            for wave in ([p for p in parts if p.server.needs], [p for p in parts if not p.server.needs]):
                with ThreadPoolExecutor() as pool:
                    for stopping in [pool.submit(p.stop, partial(progress, p.server.name)) for p in wave]:
                        stopping.result()

    def status(self) -> list[PartStatus]:
        """How each server is, by asking it."""
        state = load_state(self.layout.state_file)
        if not state:
            return [
                PartStatus(kind.name, "stopped", None, "", kind.version, 0, "never started") for kind in self._servers
            ]
        with ThreadPoolExecutor() as pool:
            return list(pool.map(Part.status, self._parts(state, None)))

    def _new_state(self, tools: Tools) -> StackState:
        self._stop_orphans()
        self.layout.create_servers_dir()
        return StackState(object_store="minio" if tools.go else "seaweedfs")

    def _choose_object_store(self, state: StackState) -> None:
        """Follows the setting; what the first `up` found stays where it leaves the choice to us."""
        wanted = self.settings.stack.object_store
        if wanted != "auto" and wanted != state.object_store:
            if record := state.processes.pop(state.object_store, None):
                process.stop(record)
            state.object_store = wanted

    def _parts(self, state: StackState, tools: Tools | None) -> list[Part]:
        site = Site(state.stack_id, self.layout, state.ports, state.secrets, self.settings.stack, tools)
        servers = [kind(site) for kind in (*self._servers, OBJECT_STORES[state.object_store])]
        remember = partial(self._remember, state)
        return [Part(server, state.processes.get(server.name), remember, self._cancelled) for server in servers]

    def _bring_up(self, parts: Sequence[Part], progress: Progress) -> None:
        started: dict[str, Future[None]] = {}
        with ThreadPoolExecutor(len(parts)) as pool:
            for part in parts:
                server = part.server
                needed = [started[name] for name in server.needs]
                started[server.name] = pool.submit(part.bring_up, needed, partial(progress, server.name))
            try:
                wait(started.values())
            except KeyboardInterrupt:
                # The pool waits for its threads; servers that were started stay, and the next `up` adopts them.
                self._cancelled.set()
                raise
        failures = {name: error for name, future in started.items() if (error := future.exception())}
        if failures:
            raise _summary(failures, progress)

    def _remember(self, state: StackState, name: str, record: ProcessRecord | None) -> None:
        with self._saving:
            state.processes.pop(name, None)
            if record:
                state.processes[name] = record
            state.save(self.layout.state_file)

    def _stop_orphans(self) -> None:
        """Stops servers whose `data_dir` was deleted while they ran; they have nothing left to save."""
        for record in process.find(STACK_MARK, str(self.layout.data_dir)):
            process.stop(record, grace_s=0)


def _summary(failures: dict[str, BaseException], progress: Progress) -> Exception:
    """One error for all parts that failed; an error that nobody foresaw is raised as it is."""
    messages, hints = [], []
    for name, error in failures.items():
        progress(name, "failed")
        if not isinstance(error, SessionTrackError):
            raise error
        messages.append(str(error))
        hints.append(error.hint or "")
    # A server that needs another one fails with that one's error.
    hint = "\n".join(dict.fromkeys(filter(None, hints)))
    return UnavailableError("\n".join(dict.fromkeys(messages)), hint=hint or None)
