"""`python -m bench.throughput`: measures everything, saves it, plots it, writes the table."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.machine import describe
from bench.throughput import corpus
from bench.throughput.load import loaded, running_stack, sessions_of, use_own_stack
from bench.throughput.parts import PARTS, Bench
from bench.throughput.plot import plot
from bench.throughput.report import section, write_section
from sessiontrack.errors import SessionTrackError

_BENCH = Path(__file__).parent.parent
RESULTS = _BENCH / "results"


def main() -> int:
    """Runs the benchmark; returns the exit status: 1 where a part failed."""
    arguments = _arguments()
    use_own_stack()
    begun = time.monotonic()
    # As an exception, so that whatever was started is stopped on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))

    def progress(step: str) -> None:
        print(f"{time.monotonic() - begun:7.1f} s  {step}", file=sys.stderr, flush=True)

    results = _read(arguments.out, arguments.events)
    failed = []
    try:
        with running_stack(progress) as settings:
            bench = Bench(
                settings, loaded(settings, arguments.events, sessions_of(arguments.events), progress), progress
            )
            for name in arguments.only:
                progress(f"part {name}")
                part_begun = time.monotonic()
                measured_on = describe()
                try:
                    measured = PARTS[name](bench)
                except Exception as error:  # noqa: BLE001  # what the other parts measured is not lost
                    failed.append(name)
                    # An earlier figure beside the new ones would be taken for one of them.
                    results["parts"].pop(name, None)
                    results["measured_on"].pop(name, None)
                    progress(f"part {name} failed: {type(error).__name__}: {error}")
                    continue
                took = round(time.monotonic() - part_begun, 1)
                results["parts"][name] = measured
                results["measured_on"][name] = {**measured_on, "at": datetime.now(UTC).isoformat(timespec="seconds")}
                results["measured_on"][name]["took_s"] = took
                _save(arguments.out, results)
    except SessionTrackError as error:
        print(f"{error}\n{error.hint or ''}", file=sys.stderr)
        return 1
    plot(results, arguments.out.with_suffix(".png"))
    text = section(results)
    if arguments.out.parent == RESULTS:
        write_section(_BENCH / "README.md", text)
    print(text)
    return 1 if failed else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.throughput", description=__doc__)
    parser.add_argument("--events", type=int, default=corpus.EVENTS, help="size of the corpus (default: %(default)s)")
    parser.add_argument(
        "--only", type=_parts, default=list(PARTS), metavar="PART,…", help=f"some of {', '.join(PARTS)}"
    )
    parser.add_argument("--out", type=Path, default=RESULTS / "throughput.json", help="where the results go")
    return parser.parse_args()


def _parts(text: str) -> list[str]:
    names = text.split(",")
    if unknown := set(names) - set(PARTS):
        raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: the parts are {', '.join(PARTS)}")
    return [name for name in PARTS if name in names]


def _read(path: Path, events: int) -> dict[str, Any]:
    """Earlier results of the same size, which the parts that run now replace."""
    try:
        results: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        results = {}
    return results if results.get("events") == events else {"events": events, "measured_on": {}, "parts": {}}


def _save(path: Path, results: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
