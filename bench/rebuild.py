"""`python -m bench.rebuild`: the rate at which stores are made anew, beside that of the first ingest.

On a stack of its own in `.bench`, or in `SESSIONTRACK_DATA_DIR`; topics and stores there are emptied.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from bench.machine import describe
from bench.throughput import programs, stores
from bench.throughput.load import loaded, running_stack, sessions_of, use_own_stack
from bench.throughput.log import empty_topics
from bench.throughput.parts import Bench
from infra.init import initialise
from infra.workers import start_workers, stop_workers
from schemas.topics import DERIVED, EVENTS
from sessiontrack.settings import Settings

RESULT = Path(__file__).parent / "results" / "rebuild.json"
TABLE = RESULT.with_suffix(".md")
SESSIONTRACK = Path(sys.executable).with_name("sessiontrack")
STORES = ("postgres", "opensearch")
ORIGINS = ("log", "archive")


def measure(bench: Bench) -> dict[str, Any]:
    """The first ingest, then every rebuild, all of it in one run: machines are shared, so only ratios last.

    Args:
        bench: The stack, and the corpus that it holds.
    """
    bench.clean(*programs.WORKERS)
    ingest = bench.run("first ingest", [programs.worker(name) for name in programs.WORKERS])
    check(bench)
    start_workers(bench.settings)
    try:
        rebuilds = {
            f"{store} from the {origin}": rebuild(bench, store, origin) for store in STORES for origin in ORIGINS
        }
        rebuilds["streams from the log"] = rebuild(bench, "streams", "log")
        lose_log(bench.settings)
        rebuilds["streams from the archive, the log lost"] = rebuild(bench, "streams", "archive")
    finally:
        stop_workers(bench.settings)
    events = bench.prepared.events
    return {
        "events": events,
        "first_ingest": {"seconds": round(ingest.seconds, 1), "events_per_s": round(events / ingest.seconds)},
        "rebuilds": {
            name: {
                "seconds": round(seconds, 1),
                "events_per_s": round(events / seconds),
                "ratio_to_first_ingest": round(ingest.seconds / seconds, 2),
            }
            for name, seconds in rebuilds.items()
        },
    }


def rebuild(bench: Bench, what: str, origin: str) -> float:
    """Seconds that the command takes, its start and its end included; what the stores hold then is checked."""
    begun = time.perf_counter()
    command = [str(SESSIONTRACK), "rebuild", what, "--from", origin, "--json"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    seconds = time.perf_counter() - begun
    bench.progress(f"{what} from the {origin}: {seconds:.1f} s")
    check(bench)
    return seconds


def lose_log(settings: Settings) -> None:
    """Makes every topic anew, as after the loss of Kafka: of the events only the archive is left."""
    stop_workers(settings)
    empty_topics(settings, [EVENTS, *DERIVED])
    initialise(settings)
    start_workers(settings)


def check(bench: Bench) -> None:
    """Sees that PostgreSQL and OpenSearch hold what the events come to.

    Raises:
        SystemExit: They do not: a measurement would prove nothing.
    """
    held, expected = stores.counts(bench.settings), stores.expected_counts(bench.prepared.expected)
    wrong = {name for name, count in expected.items() if name.startswith(STORES) and held[name] != count}
    if wrong:
        raise SystemExit(f"not as many as there should be: {', '.join(sorted(wrong))}")


def table(result: dict[str, Any]) -> str:
    """The result for people."""
    machine, ingest = result["machine"], result["first_ingest"]
    rows = [
        f"| {name} | {each['seconds']} | {each['events_per_s']:,} | **{each['ratio_to_first_ingest']}** |"
        for name, each in result["rebuilds"].items()
    ]
    return "\n".join(
        [
            "# Rebuilds",
            "",
            f"Written by `python -m bench.rebuild`: {result['events']:,} events, on {machine['cores']} cores of an"
            f" {machine['processor']}, which the servers share, with a load of {machine['load_before']:.1f} before.",
            "The time of a rebuild is that of the whole command, from its start to the swap and the removal of the old"
            " store; the workers run on beside it. After each the stores' counts are checked.",
            "",
            "| what | seconds | events/s | ratio to the first ingest |",
            "| --- | ---: | ---: | ---: |",
            f"| first ingest, from the topic into all stores | {ingest['seconds']} | {ingest['events_per_s']:,} | |",
            *rows,
            "",
        ]
    )


def main() -> None:
    """Measures, prints and saves."""
    parser = argparse.ArgumentParser(prog="python -m bench.rebuild", description=__doc__)
    parser.add_argument("--events", type=int, default=50_000, help="size of the corpus (default: %(default)s)")
    events: int = parser.parse_args().events
    use_own_stack()
    begun = time.monotonic()

    def progress(step: str) -> None:
        print(f"{time.monotonic() - begun:7.1f} s  {step}", file=sys.stderr, flush=True)

    with running_stack(progress) as settings:
        prepared = loaded(settings, events, sessions_of(events), progress)
        machine = describe()
        result = {"machine": machine, **measure(Bench(settings, prepared, progress))}
    text = json.dumps(result, indent=2)
    RESULT.write_text(text + "\n", encoding="utf-8")
    TABLE.write_text(table(result), encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
