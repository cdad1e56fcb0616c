"""The pipeline's workers as processes: started, found again, stopped."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass

from pydantic import TypeAdapter

from infra.stack.layout import write_private
from infra.stack.process import ProcessRecord, is_alive, resident_bytes, spawn, stop
from sessiontrack.errors import UsageError
from sessiontrack.settings import Settings

# What each worker runs: the streams feed the derived topics, each sink feeds one store.
WORKERS = {
    "streams": ("streams.worker",),
    "archive": ("consumers.worker", "archive"),
    "postgres": ("consumers.worker", "postgres"),
    "opensearch": ("consumers.worker", "opensearch"),
}
_RECORDS = TypeAdapter(dict[str, ProcessRecord])


@dataclass(frozen=True)
class WorkerStatus:
    """One worker, as it is now."""

    name: str
    state: str
    """running, stopped (never started, or by us) or dead (it ended by itself)."""
    pid: int | None
    resident_bytes: int


def start_workers(settings: Settings) -> list[str]:
    """Starts the workers that do not run.

    Returns:
        The names of those that were started.
    """
    records = _load(settings)
    started = [name for name in WORKERS if not (name in records and is_alive(records[name]))]
    for name in started:
        records[name] = _start(settings, name)
        _save(settings, records)
    return started


def stop_workers(settings: Settings) -> list[str]:
    """Stops the workers that run, each after what it has in hand.

    Returns:
        The names of those that were stopped.
    """
    records = _load(settings)
    running = [name for name, record in records.items() if is_alive(record)]
    for name in running:
        stop(records[name])
    _save(settings, {})
    return running


def worker_states(settings: Settings) -> list[WorkerStatus]:
    """Each worker, as it is now."""
    records = _load(settings)
    states = []
    for name in WORKERS:
        record = records.get(name)
        alive = record is not None and is_alive(record)
        state = "running" if alive else "dead" if record else "stopped"
        pid = record.pid if alive and record else None
        states.append(WorkerStatus(name, state, pid, resident_bytes(record) if alive and record else 0))
    return states


def _start(settings: Settings, name: str) -> ProcessRecord:
    logs = settings.data_dir / "logs"
    logs.mkdir(mode=0o700, parents=True, exist_ok=True)
    return spawn(
        name,
        [sys.executable, "-m", *WORKERS[name]],
        {**os.environ, "SESSIONTRACK_DATA_DIR": str(settings.data_dir), "SESSIONTRACK_LOG__FORMAT": "json"},
        settings.data_dir,
        logs / f"{name}.log",
    )


def _load(settings: Settings) -> dict[str, ProcessRecord]:
    path = settings.data_dir / "workers.json"
    try:
        return _RECORDS.validate_json(path.read_bytes())
    except FileNotFoundError:
        return {}
    except ValueError as error:
        raise UsageError(f"{path} can't be read", hint="Stop the workers by hand and delete that file.") from error


def _save(settings: Settings, records: dict[str, ProcessRecord]) -> None:
    text = json.dumps({name: record.model_dump(mode="json") for name, record in records.items()})
    write_private(settings.data_dir / "workers.json", text)
