"""`python -m bench.search --messages N`: loads a corpus into a stack, asks the API, saves and plots what it took."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from bench.machine import describe
from bench.search.corpus import Corpus
from bench.search.load import load
from bench.search.measure import CLIENTS, KINDS, latencies, recall, warm
from bench.search.plot import plot
from infra.stack import ports
from sessiontrack.settings import Settings, get_settings

_RESULTS = Path(__file__).parents[1] / "results"
_SESSIONTRACK = Path(sys.executable).with_name("sessiontrack")
_PATIENCE_S = 60


def main() -> None:
    """Measures one size, and writes it beside those that were measured before."""
    arguments = _arguments()
    begun = time.monotonic()

    def progress(step: str) -> None:
        print(f"{time.monotonic() - begun:7.1f} s  {step}", file=sys.stderr, flush=True)

    settings = get_settings()
    progress("topics")
    corpus = Corpus(settings, arguments.messages)
    results: dict[str, Any] = json.loads(arguments.out.read_text()) if arguments.out.exists() else {}
    result = results.setdefault(str(arguments.messages), {"messages": arguments.messages, "sessions": corpus.sessions})
    if arguments.step != "ask":
        result["built"] = load(settings, corpus, progress)
        _save(arguments.out, results)
    if arguments.step != "load":
        result |= {"machine": describe(), "at": datetime.now(UTC).isoformat(timespec="seconds")}
        result |= ask(settings, corpus, arguments.questions, progress)
        _save(arguments.out, results)
    print(json.dumps(result, indent=2))


def _save(path: Path, results: dict[str, Any]) -> None:
    path.write_text(json.dumps(results, indent=2) + "\n")
    if measured := {size: each for size, each in results.items() if "latency_ms" in each}:
        plot(measured, path.with_suffix(".png"))


def ask(settings: Settings, corpus: Corpus, count: int, progress: Any) -> dict[str, Any]:
    """Latencies of each kind with so many clients, and the recall of the vector index."""
    measured: dict[str, dict[str, Any]] = {}
    with serving() as address:
        progress("warming")
        warm(address, corpus.questions(count, 0))
        for place, (kind, parameters) in enumerate(KINDS.items()):
            measured[kind] = {}
            for clients in CLIENTS:
                progress(f"{kind}, {clients} at a time")
                questions = corpus.questions(count, 1 + place * len(CLIENTS) + CLIENTS.index(clients))
                measured[kind][str(clients)] = latencies(address, questions, clients, parameters)
    progress("recall")
    return {"latency_ms": measured, "index": recall(settings, corpus.space, corpus.questions(count, 99))}


@contextmanager
def serving() -> Iterator[str]:
    """The API as people run it, as a process of its own; gives its address."""
    port = ports.choose(1)[0]
    address = f"http://{ports.LOOPBACK}:{port}"
    with subprocess.Popen([_SESSIONTRACK, "serve", "--port", str(port)], stderr=subprocess.DEVNULL) as process:
        try:
            _wait(address)
            yield address
        finally:
            process.terminate()


def _wait(address: str) -> None:
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until:
        try:
            if httpx.get(f"{address}/v1/health/ready").status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    raise SystemExit("the API does not become ready: is the stack of SESSIONTRACK_DATA_DIR running?")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--questions", type=int, default=200, help="of each kind, for each number of clients")
    parser.add_argument(
        "--step", choices=("all", "load", "ask"), default="all", help="ask again what was loaded before"
    )
    parser.add_argument("--out", type=Path, default=_RESULTS / "search.json")
    return parser.parse_args()


if __name__ == "__main__":
    main()
