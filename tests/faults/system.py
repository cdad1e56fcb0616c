"""The whole system that faults hit: servers, the proxy before them, workers that are kept running, a live capture."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from unittest import mock

import psutil
from pydantic import TypeAdapter

from infra.init import initialise
from infra.stack import process
from infra.stack.kafka import Kafka
from infra.stack.opensearch import OpenSearch
from infra.stack.ports import LOOPBACK
from infra.stack.process import ProcessRecord
from infra.stack.server import Server
from infra.stack.stack import SERVERS, NativeStack
from infra.stack.state import StackState, load_state
from infra.workers import PIPELINE, WorkerRecord, start_workers, stop_workers
from sessiontrack.settings import Settings
from tests.faults.clocks import Clocks
from tests.faults.toxiproxy import Network, ProxiedKafka, Toxiproxy, listening

CAPTURE = "capture"
# For what takes a moment, but on a loaded machine.
PATIENCE_S = 60.0
_KEEPERS = TypeAdapter(dict[str, WorkerRecord])
_SESSIONTRACK = [sys.executable, "-m", "cli.main"]


class PatientOpenSearch(OpenSearch):
    """Its start is waited for on a machine that is loaded, as it is when everything starts again at once."""

    start_timeout_s = 600.0


_REPLACED: dict[type[Server], type[Server]] = {Kafka: ProxiedKafka, OpenSearch: PatientOpenSearch}


class System:
    """A running system.

    Args:
        settings: Of the servers themselves, not through the proxy.
        stack: The servers.
        environment: Of the workers: they come through the proxy.
        network: What is between the two.
        clocks: Of the workers.
    """

    def __init__(
        self, settings: Settings, stack: NativeStack, environment: Mapping[str, str], network: Network, clocks: Clocks
    ) -> None:
        self.settings = settings
        self.network = network
        self.clocks = clocks
        self._stack = stack
        self._environment = environment
        self._capture: ProcessRecord | None = None

    def start_servers(self) -> None:
        """Starts the servers that don't run, and waits until each answers."""
        self._stack.up()

    def stop_server(self, name: str, first: signal.Signals) -> None:
        """Ends a server: by SIGKILL at once, by another signal as that server takes it."""
        process.stop(self._state().processes[name], first=first)

    def server(self, name: str) -> list[psutil.Process]:
        """The processes of a server."""
        with suppress(psutil.NoSuchProcess):
            parent = psutil.Process(self._state().processes[name].pid)
            return [parent, *parent.children(recursive=True)]
        return []

    def worker(self, name: str) -> list[psutil.Process]:
        """The process of a worker; none while it is being started again."""
        with suppress(psutil.NoSuchProcess):
            if pid := process.child(self._keepers()[name]):
                return [psutil.Process(pid)]
        return []

    def dead_workers(self) -> list[str]:
        """Workers that nothing starts again."""
        return [name for name, keeper in self._keepers().items() if not process.is_alive(keeper)]

    def start_workers(self, root: Path) -> None:
        """Starts the workers, and the capture of a folder; what ends by itself is started again."""
        with mock.patch.dict(os.environ, self._environment):
            start_workers(self.settings, PIPELINE)
        environment = {**os.environ, **self._environment, "SESSIONTRACK_CAPTURE__ROOTS": json.dumps([str(root)])}
        log = self.settings.data_dir / "logs" / f"{CAPTURE}.log"
        command = [*_SESSIONTRACK, "run", CAPTURE]
        self._capture = process.spawn(CAPTURE, command, environment, self.settings.data_dir, log, restarted=True)

    def stop_workers(self) -> None:
        """Stops the workers and the capture."""
        if self._capture:
            process.stop(self._capture)
        stop_workers(self.settings)

    @contextmanager
    def more_workers(self, name: str, count: int) -> Iterator[None]:
        """So many more workers of a kind share its work; they leave in order."""
        started = [
            subprocess.Popen(
                [*_SESSIONTRACK, "run", name],
                env={**os.environ, **self._environment},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            for _ in range(count)
        ]
        try:
            yield
        finally:
            for each in started:
                each.terminate()
            for each in started:
                each.wait(PATIENCE_S)

    def _keepers(self) -> dict[str, ProcessRecord]:
        """What starts each worker again."""
        assert self._capture
        return {
            **_KEEPERS.validate_json((self.settings.data_dir / "workers.json").read_bytes()),
            CAPTURE: self._capture,
        }

    def _state(self) -> StackState:
        return _state_of(self.settings)


@contextmanager
def running_system(data_dir: Path) -> Iterator[System]:
    """A system of its own without workers yet; stopped at the end, also when it came up only in part.

    Args:
        data_dir: Its folder, which the servers' user can enter.
    """
    settings = Settings(data_dir=data_dir)
    stack = NativeStack(settings, [*(_REPLACED.get(kind, kind) for kind in SERVERS), Toxiproxy])
    with ExitStack() as ending:
        ending.callback(stack.down)
        stack.up()
        settings = Settings(data_dir=data_dir)
        initialise(settings)
        ports = _state_of(settings).ports
        network = Network(f"{LOOPBACK}:{ports['toxiproxy']}")
        ending.callback(network.close)
        clocks = Clocks(data_dir / "clocks")
        environment = {
            "SESSIONTRACK_DATA_DIR": str(data_dir),
            **through_proxy(ports),
            **clocks.environment,
        }
        system = System(settings, stack, environment, network, clocks)
        ending.callback(system.stop_workers)
        yield system


def through_proxy(ports: Mapping[str, int]) -> dict[str, str]:
    """Environment variables by which a worker connects to the proxy wherever it would to a server.

    Args:
        ports: Of the stack, by name.
    """

    def address(server: str) -> str:
        return f"{LOOPBACK}:{ports[listening(server)]}"

    return {
        "SESSIONTRACK_KAFKA__BOOTSTRAP_SERVERS": address("kafka"),
        "SESSIONTRACK_REGISTRY__URL": f"http://{address('registry')}/apis/ccompat/v7",
        "SESSIONTRACK_POSTGRES__PORT": str(ports[listening("postgres")]),
        "SESSIONTRACK_OPENSEARCH__URL": f"http://{address('opensearch')}",
        "SESSIONTRACK_S3__ENDPOINT": address("minio"),
    }


def _state_of(settings: Settings) -> StackState:
    state = load_state(settings.data_dir / "servers" / "state.json")
    assert state
    return state
