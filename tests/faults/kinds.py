"""The kinds of faults: what each does to a system, and undoes."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass

import psutil
from opensearchpy import OpenSearch

from infra.workers import PIPELINE
from tests.faults.system import CAPTURE, PATIENCE_S, System
from tests.faults.toxiproxy import UPSTREAMS

# aiokafka's default: a member that is silent for so long has left its group, and wakes up with partitions of another.
_SESSION_TIMEOUT_S = 10.0
_EVERYBODY = (*PIPELINE, CAPTURE)
_SERVERS = tuple(UPSTREAMS)
_LATENCY_MS, _JITTER_MS = 300, 200
# A connection is reset so long after it was opened: in the midst of what it was opened for.
_RESET_MS = 100
_HOUR_S = 3600
_MORE_WORKERS = 3

Hit = Callable[[System, str], AbstractContextManager[None]]


@dataclass(frozen=True)
class Kind:
    """A kind of fault.

    Attributes:
        name: Its name in reports.
        targets: What it can hit.
        seconds: How long it lasts: least and most; 0 for what is over at once.
        weight: How often it is drawn, against the others: less what takes long to recover from.
        victim: What a target is a part of: two faults of one group never have the same victim.
        hit: Does it on entering, undoes it on leaving.
    """

    name: str
    targets: Sequence[str]
    seconds: tuple[float, float]
    weight: int
    victim: Callable[[str], str]
    hit: Hit


@contextmanager
def _kill_worker(system: System, name: str) -> Iterator[None]:
    _signal(system.worker(name), signal.SIGKILL)
    yield


@contextmanager
def _stop_worker(system: System, name: str) -> Iterator[None]:
    _signal(system.worker(name), signal.SIGTERM)
    yield


@contextmanager
def _pause_worker(system: System, name: str) -> Iterator[None]:
    with _stopped(system.worker(name)):
        yield


@contextmanager
def _kill_server(system: System, name: str) -> Iterator[None]:
    system.stop_server(name, signal.SIGKILL)
    yield


@contextmanager
def _restart_server(system: System, name: str) -> Iterator[None]:
    system.stop_server(name, signal.SIGTERM)
    yield


@contextmanager
def _crash_postgres(system: System, name: str) -> Iterator[None]:
    """As a failover looks to its clients: an immediate shutdown, and a start that recovers from the log."""
    system.stop_server(name, signal.SIGQUIT)
    yield


@contextmanager
def _pause_server(system: System, name: str) -> Iterator[None]:
    with _stopped(system.server(name)):
        yield


def _cut(system: System, name: str) -> AbstractContextManager[None]:
    return system.network.cut(name)


def _delay(system: System, name: str) -> AbstractContextManager[None]:
    return system.network.toxic(name, "latency", latency=_LATENCY_MS, jitter=_JITTER_MS)


def _reset(system: System, name: str) -> AbstractContextManager[None]:
    return system.network.toxic(name, "reset_peer", timeout=_RESET_MS)


def _swallow(system: System, name: str) -> AbstractContextManager[None]:
    """Connections stay open, and nothing comes back: 0 is for ever."""
    return system.network.toxic(name, "timeout", timeout=0)


@contextmanager
def _block_indexes(system: System, block: str) -> Iterator[None]:
    """OpenSearch refuses writes: 429 with `read_only_allow_delete`, as on a full disk, 403 with `write`."""
    settings = system.settings.opensearch
    with OpenSearch(hosts=[settings.url], timeout=PATIENCE_S) as client:
        pattern = f"{settings.index_prefix}-*"
        client.indices.put_settings(index=pattern, body={f"index.blocks.{block}": True})
        try:
            yield
        finally:
            client.indices.put_settings(index=pattern, body={f"index.blocks.{block}": None})


@contextmanager
def _scale(system: System, name: str) -> Iterator[None]:
    with system.more_workers(name, _MORE_WORKERS):
        yield


@contextmanager
def _jump(system: System, direction: str) -> Iterator[None]:
    with system.clocks.jump(_HOUR_S if direction == "forward" else -_HOUR_S):
        yield


def _worker(target: str) -> str:
    return f"worker {target}"


def _server(target: str) -> str:
    return f"server {target}"


def _opensearch(target: str) -> str:
    return _server("opensearch")


def _clock(target: str) -> str:
    return "clock"


# Takes libfaketime.
CLOCK = Kind("clock jumped", ("forward", "back"), (2, 4), 3, _clock, _jump)
KINDS: Sequence[Kind] = (
    Kind("worker killed", _EVERYBODY, (0, 0), 8, _worker, _kill_worker),
    Kind("worker stopped", _EVERYBODY, (0, 0), 3, _worker, _stop_worker),
    Kind("worker paused", _EVERYBODY, (1, 4), 5, _worker, _pause_worker),
    Kind("worker paused beyond its session", PIPELINE, (_SESSION_TIMEOUT_S + 1, 13), 1, _worker, _pause_worker),
    Kind("workers from one to four and back", PIPELINE, (3, 5), 1, _worker, _scale),
    CLOCK,
    Kind("server killed", _SERVERS, (0, 1), 4, _server, _kill_server),
    Kind("server restarted", ("kafka", "postgres", "minio"), (0, 1), 2, _server, _restart_server),
    Kind("server paused", _SERVERS, (1, 4), 5, _server, _pause_server),
    Kind("PostgreSQL crashed", ("postgres",), (0, 1), 2, _server, _crash_postgres),
    Kind("OpenSearch refuses", ("read_only_allow_delete", "write"), (1, 4), 4, _opensearch, _block_indexes),
    Kind("network cut", _SERVERS, (1, 4), 6, _server, _cut),
    Kind("network slow", _SERVERS, (2, 4), 5, _server, _delay),
    Kind("network silent", _SERVERS, (1, 4), 4, _server, _swallow),
    Kind("connections reset", _SERVERS, (1, 4), 6, _server, _reset),
)
BY_NAME = {kind.name: kind for kind in KINDS}


@contextmanager
def _stopped(processes: Sequence[psutil.Process]) -> Iterator[None]:
    _signal(processes, signal.SIGSTOP)
    try:
        yield
    finally:
        _signal(processes, signal.SIGCONT)


def _signal(processes: Sequence[psutil.Process], number: signal.Signals) -> None:
    for each in processes:
        with suppress(psutil.NoSuchProcess):
            each.send_signal(number)
