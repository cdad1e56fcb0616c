"""Says on this machine where a process serves its metrics: a file for each, as Prometheus' file-based discovery reads.

https://prometheus.io/docs/prometheus/latest/configuration/configuration/#file_sd_config
"""

from __future__ import annotations

import ipaddress
import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import structlog

logger = structlog.get_logger(__name__)

# In `data_dir`.
TARGETS_FOLDER = "telemetry"
# On loopback who listens answers at once.
_ANSWER_S = 1.0


@contextmanager
def announced(data_dir: Path, worker: str, address: str) -> Iterator[None]:
    """Names a worker's address while the context lasts.

    A worker that ends in order takes its file along. That of one that fails or is killed stays, so that Prometheus
    finds it down, until one of its name is started here, or it is stopped on purpose (`withdraw`). Only a loopback
    address is named: who serves other machines is in their Prometheus' own configuration. A folder that can't be
    written keeps no worker from its work.

    Args:
        data_dir: The data folder.
        worker: Its name.
        address: Where it serves its metrics, host:port.
    """
    host, _, port = address.rpartition(":")
    target = data_dir / TARGETS_FOLDER / f"{worker}.{port}.json"
    if ipaddress.ip_address(host.strip("[]")).is_loopback:
        try:
            withdraw(data_dir, worker)
            _write(target, [{"targets": [address], "labels": {"worker": worker}}])
        except OSError as error:
            logger.warning("not_announced", worker=worker, path=str(target), reason=error.strerror)
    yield
    with suppress(OSError):
        target.unlink()


def withdraw(data_dir: Path, worker: str) -> None:
    """Removes the addresses of a worker's former processes, which nobody misses any more.

    Args:
        data_dir: The data folder.
        worker: Its name; its processes that still serve keep their addresses.

    Raises:
        OSError: The folder can't be written.
    """
    for former in (data_dir / TARGETS_FOLDER).glob(f"{worker}.*.json"):
        if not _is_served(former):
            former.unlink(missing_ok=True)


def _write(target: Path, groups: list[dict[str, Any]]) -> None:
    """Writes a target's file in one step."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = target.with_suffix(".draft")
    draft.write_text(json.dumps(groups), "utf-8")
    os.replace(draft, target)


def _is_served(target: Path) -> bool:
    """Whether somebody answers at the address of a file; its worker may be one of several of that name."""
    try:
        host, _, port = json.loads(target.read_text("utf-8"))[0]["targets"][0].rpartition(":")
        socket.create_connection((host.strip("[]"), int(port)), _ANSWER_S).close()
    except (OSError, ValueError, LookupError):
        return False
    return True
