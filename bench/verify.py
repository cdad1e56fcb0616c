"""`python -m bench.verify`: time, CPU and memory of `sessiontrack verify`: the first one, the next ones, and in full.

On a stack that runs, with whatever was captured there: name its data folder in `SESSIONTRACK_DATA_DIR`.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil

from bench.corpus import generate
from bench.machine import describe
from infra.stack.stack import NativeStack
from sessiontrack.settings import Settings

RESULT = Path(__file__).parent / "results" / "verify.json"
SESSIONTRACK = Path(sys.executable).with_name("sessiontrack")
_MIB = 2**20


def measure(settings: Settings, new_sessions: int, seed: int) -> dict[str, Any]:
    """The first verify, one without news, one with some, and one that reads everything.

    Args:
        settings: Of a running stack.
        new_sessions: How many sessions the news are.
        seed: Of the news: others than were captured before.
    """
    shutil.rmtree(settings.data_dir / "verify", ignore_errors=True)
    first = run(settings)
    nothing = run(settings)
    with tempfile.TemporaryDirectory() as folder:
        generate(Path(folder) / "state", new_sessions, seed=seed)
        command = [str(SESSIONTRACK), "capture", "--root", f"{folder}/state", "--once"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        news = run(settings)
    full = run(settings, "--full")
    ledger = sum(path.stat().st_size for path in (settings.data_dir / "verify").iterdir())
    return {
        "machine": describe(),
        "first": first,
        "nothing_new": nothing,
        "some_new": news,
        "full": full,
        "ledger_mib": round(ledger / _MIB, 1),
        "ledger_bytes_per_record": round(ledger / full["records"]),
    }


def run(settings: Settings, *options: str) -> dict[str, Any]:
    """One verify, as a process of its own: what it and the servers took."""
    servers_before = _servers_cpu(settings)
    begun = time.perf_counter()
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            [SESSIONTRACK, "verify", "--json", *options], stdout=output, stderr=subprocess.DEVNULL
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begun
        output.seek(0)
        report = json.loads(output.read())
    if os.waitstatus_to_exitcode(status) or not report["equal"]:
        raise SystemExit("verify found differences: a measurement of it would prove nothing")
    cpu, millions = usage.ru_utime + usage.ru_stime, report["records"] / 1_000_000
    return {
        "records": report["records"],
        "read_of_log": report["read"],
        "read_of_stores": sum(check["read"] for check in report["checks"]),
        "seconds": round(seconds, 1),
        "cpu_seconds": round(cpu, 1),
        "servers_cpu_seconds": round(_servers_cpu(settings) - servers_before, 1),
        "seconds_per_million": round(seconds / millions, 1),
        "cpu_seconds_per_million": round(cpu / millions, 1),
        "peak_mib": round(usage.ru_maxrss / 1024),
    }


def _servers_cpu(settings: Settings) -> float:
    """What all servers took since they were started."""
    total = 0.0
    for server in NativeStack(settings).status():
        if server.pid is not None:
            processes = [psutil.Process(server.pid), *psutil.Process(server.pid).children(recursive=True)]
            total += sum(sum(each.cpu_times()[:4]) for each in processes)
    return total


def main() -> None:
    """Measures, prints and saves."""
    parser = argparse.ArgumentParser(prog="python -m bench.verify", description=__doc__)
    parser.add_argument("--new-sessions", type=int, default=20, help="how many sessions are new in between")
    parser.add_argument("--seed", type=int, default=time.time_ns() % 2**31, help="of the new sessions")
    given = parser.parse_args()
    result = measure(Settings(), given.new_sessions, given.seed)
    text = json.dumps(result, indent=2)
    RESULT.write_text(text + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
