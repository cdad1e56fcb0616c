"""`make faults`: random faults on the real servers while transcripts are written; saves what came of it."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.machine import describe
from tests.faults.kinds import CLOCK, KINDS
from tests.faults.plan import plan
from tests.faults.report import figures, page
from tests.faults.run import FaultError, Run
from tests.faults.system import running_system
from tests.faults.writer import Writer

RESULTS = Path(__file__).parents[2] / "bench" / "results"
# Most faults come together, a quarter of the groups is one alone, so that each kind's own recovery is measured too.
GROUP_SIZES = (1, 1, 2, 3, 3, 4, 4, 5)
CHECK_EVERY = 50


def main() -> None:
    """Runs the faults."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--faults", type=int, default=500, help="how many (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="equal seeds give equal plans (default: %(default)s)")
    parser.add_argument("--minutes", type=float, default=180, help="end after so long, with fewer faults")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of faults.json and faults.md")
    options = parser.parse_args()
    # Not with a `with`: after a failure its logs are what one wants to look at.
    folder = Path(tempfile.mkdtemp(prefix="sessiontrack-faults-"))
    folder.chmod(0o711)  # also the servers' user can enter it
    try:
        found = run(folder, options.faults, options.seed, time.monotonic() + 60 * options.minutes)
    except FaultError as error:
        sys.exit(f"{error}\nThe data and the logs are kept in {folder}.")
    shutil.rmtree(folder)
    (options.out / "faults.json").write_text(json.dumps(found, indent=2) + "\n")
    (options.out / "faults.md").write_text(page(found))


def run(folder: Path, faults: int, seed: int, until: float) -> dict[str, Any]:
    """Runs the faults on a system of their own in a folder, and gives the figures."""
    machine = describe()
    with running_system(folder) as system, Writer(folder / "state", seed) as writer:
        kinds = [kind for kind in KINDS if system.clocks.can_jump or kind is not CLOCK]
        left_out = [] if system.clocks.can_jump else ["clock jumped: this machine has no libfaketime"]
        system.start_workers(writer.root)
        running = Run(system, writer, seed, check_every=CHECK_EVERY, until=until, progress=_tell)
        results = running.all(plan(kinds, faults, seed, GROUP_SIZES))
    return {"machine": machine, **figures(results, seed, faults), "left_out": left_out}


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
