"""`python -m tests.faults`: random faults on the real servers while transcripts are written; saves what came of it."""

from __future__ import annotations

import argparse

from tests.faults.kinds import KINDS
from tests.faults.plan import plan
from tests.faults.run import Run
from tests.faults.system import running_system
from tests.faults.writer import Writer
from tests.stack.conftest import temporary_data_dir

# Most faults come together, a quarter alone, so that the time to recover from each kind is known too.
GROUP_SIZES = (1, 1, 2, 3, 3, 4, 4, 5)
CHECK_EVERY = 40


def main() -> None:
    """Runs the faults."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--faults", type=int, default=500, help="how many (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="equal seeds give equal plans (default: %(default)s)")
    options = parser.parse_args()
    with temporary_data_dir() as folder, running_system(folder) as system:
        kinds = [kind for kind in KINDS if system.clocks.can_jump or kind.name != "clock jumped"]
        with Writer(folder / "state", options.seed) as writer:
            system.start_workers(writer.root)
            run = Run(system, writer, options.seed, check_every=CHECK_EVERY, progress=_tell)
            results = run.all(plan(kinds, options.faults, options.seed, GROUP_SIZES))
    print(results)


def _tell(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    main()
