"""Faults on the real servers, the same ones each time; `make faults` runs many more, drawn anew for each seed."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from tests.faults.kinds import KINDS
from tests.faults.plan import plan
from tests.faults.run import Run
from tests.faults.system import running_system
from tests.faults.writer import Writer
from tests.stack.conftest import temporary_data_dir

FAULTS = 25
SEED = 192
# Few groups, because waiting for the recovery takes the time, not the faults.
GROUP_SIZES = (5,)
# Left out here: what takes long, and what a machine may not have.
LEFT_OUT = {"worker paused beyond its session", "workers from one to four and back", "clock jumped"}
QUICK_TO_START = ("kafka", "postgres", "minio")


@pytest.mark.timeout(1200)  # ends by itself: every wait in it has a bound
def test_nothing_is_lost_or_doubled_whatever_hits() -> None:
    kinds = [
        replace(kind, targets=QUICK_TO_START) if kind.name == "server killed" else kind
        for kind in KINDS
        if kind.name not in LEFT_OUT
    ]
    with temporary_data_dir() as folder, running_system(folder) as system, Writer(folder / "state", SEED) as writer:
        system.start_workers(writer.root)
        run = Run(system, writer, SEED, check_every=FAULTS + 1, until=time.monotonic() + 900, progress=print)
        results = run.all(plan(kinds, FAULTS, SEED, GROUP_SIZES))
    assert len(results.faults) == FAULTS
    assert results.lost == results.doubled == 0
    assert results.exports >= results.sessions > 0
