"""The pipeline's workers as processes: started, kept running, found again, stopped."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from infra.stack import ports
from infra.stack.layout import write_private
from infra.stack.process import ProcessRecord, child, is_alive, resident_bytes, spawn, stop
from sessiontrack.errors import UsageError
from sessiontrack.providers.spaces import missing_extra
from sessiontrack.settings import Settings
from sessiontrack.telemetry.probe import Probe, probe
from sessiontrack.telemetry.targets import withdraw

# The streams feed the derived topics, each sink feeds one store.
PIPELINE = ("streams", "archive", "postgres", "opensearch")
# It feeds the topics of vectors; nothing waits for it.
EMBED = "embed"
VECTOR_SINKS = ("opensearch-vectors", "postgres-vectors")
WORKERS = (*PIPELINE, EMBED, *VECTOR_SINKS)
# A store elsewhere, which settings name.
PINECONE = "pinecone"


class WorkerRecord(ProcessRecord):
    """A worker's keeper, and what is kept of the worker from one start to the next."""

    telemetry_port: int = 0
    wanted: bool = True
    """False once it was stopped by us."""

    @property
    def telemetry(self) -> str:
        """Where it serves its metrics and its health, host:port."""
        return f"{ports.LOOPBACK}:{self.telemetry_port}"


_RECORDS = TypeAdapter(dict[str, WorkerRecord])


@dataclass(frozen=True)
class WorkerStatus:
    """One worker, as it is now."""

    name: str
    state: str
    """running, restarting (it ended by itself), dead (it is not started again) or stopped (never started, or by us)."""
    pid: int | None = None
    resident_bytes: int = 0
    telemetry: str | None = None
    """host:port of its metrics and its health."""
    probe: Probe | None = None
    """What it says of itself; None where it does not answer."""

    @property
    def health(self) -> str:
        """What it says of itself, for people."""
        if not self.probe:
            return "no answer" if self.pid else ""
        if self.probe.status == "late":
            return f"late: its oldest record waits for {self.probe.oldest_unprocessed_s:,.0f} s"
        return f"waits for {self.probe.waits_for}" if self.probe.waits_for else self.probe.status


def workers_here(settings: Settings) -> tuple[str, ...]:
    """The workers that run on this machine: those of vectors only where they are wanted and `embed` is installed."""
    if not settings.embedding.enabled or missing_extra(settings.embedding) is not None:
        return PIPELINE
    return (*WORKERS, PINECONE) if settings.pinecone.host else WORKERS


def start_workers(settings: Settings, names: Collection[str] | None = None) -> list[str]:
    """Starts the workers that do not run; each is started again whenever it ends by itself.

    Args:
        settings: What they run with.
        names: Only these; those of `workers_here` where None.

    Returns:
        The names of those that were started.
    """
    records = load_records(settings.data_dir)
    wanted = workers_here(settings) if names is None else names
    started = [name for name in wanted if not (name in records and is_alive(records[name]))]
    for name in started:
        records[name] = _start(settings, name, _telemetry_port(records.get(name)))
        save_records(settings.data_dir, records)
    return started


def stop_workers(settings: Settings, names: Collection[str] = (*WORKERS, PINECONE)) -> list[str]:
    """Stops the workers that run, each after what it has in hand; Prometheus looks for none of them any more.

    Args:
        settings: Where they were started.
        names: Only these.

    Returns:
        The names of those that were stopped.
    """
    records = load_records(settings.data_dir)
    running = [name for name, record in records.items() if name in names and is_alive(record)]
    for name in running:
        stop(records[name])
    save_records(
        settings.data_dir,
        {
            name: record.model_copy(update={"wanted": False}) if name in names else record
            for name, record in records.items()
        },
    )
    for name in names:
        # One that was killed, or did not end in time, has left its address.
        withdraw(settings.data_dir, name)
    return running


def worker_states(settings: Settings) -> list[WorkerStatus]:
    """Each worker that runs here, as it is now, and as it says of itself."""
    records = load_records(settings.data_dir)
    return [_status(name, records.get(name)) for name in workers_here(settings)]


def _status(name: str, record: WorkerRecord | None) -> WorkerStatus:
    if not record or not record.wanted:
        return WorkerStatus(name, "stopped")
    if not is_alive(record):
        return WorkerStatus(name, "dead")
    pid = child(record)
    if not pid:
        return WorkerStatus(name, "restarting", telemetry=record.telemetry)
    told = probe(record.telemetry)
    memory = told.resident_bytes if told else 0
    return WorkerStatus(name, "running", pid, memory or resident_bytes(pid), record.telemetry, told)


def _telemetry_port(record: WorkerRecord | None) -> int:
    """The port of the last start, because who scrapes knows it, unless it is taken."""
    if record and record.telemetry_port and ports.is_free(record.telemetry_port):
        return record.telemetry_port
    return ports.choose(1)[0]


def _start(settings: Settings, name: str, port: int) -> WorkerRecord:
    logs = settings.data_dir / "logs"
    logs.mkdir(mode=0o700, parents=True, exist_ok=True)
    keeper = spawn(
        name,
        [sys.executable, "-m", "cli.main", "run", name, "--health-host", ports.LOOPBACK, "--health-port", str(port)],
        {**os.environ, "SESSIONTRACK_DATA_DIR": str(settings.data_dir), "SESSIONTRACK_LOG__FORMAT": "json"},
        settings.data_dir,
        logs / f"{name}.log",
        restarted=True,
    )
    return WorkerRecord(**keeper.model_dump(), telemetry_port=port)


def load_records(data_dir: Path) -> dict[str, WorkerRecord]:
    """What is known of the workers that were started in a data folder.

    Raises:
        UsageError: It can't be read.
    """
    path = data_dir / "workers.json"
    try:
        return _RECORDS.validate_json(path.read_bytes())
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise UsageError(f"{path} can't be read", hint="Stop the workers by hand and delete that file.") from error


def save_records(data_dir: Path, records: Mapping[str, WorkerRecord]) -> None:
    """Replaces what is known of the workers."""
    text = json.dumps({name: record.model_dump(mode="json") for name, record in records.items()})
    write_private(data_dir / "workers.json", text)
