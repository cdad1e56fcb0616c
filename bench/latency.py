"""`make bench`: from the append of a line to the broker's acknowledgement, to its row, to its hit.

A writer appends lines of a generated session at a fixed rate; the capture follows the file in this process, with its
own reader, delivery and emitter; the workers of a running stack do the rest. Rows and hits are polled for: their
times are upper bounds.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from opensearchpy import OpenSearch
from psycopg import connect

from bench.corpus import append_line, live_session
from bench.machine import describe
from producers.clawdbot.checkpoints import CheckpointStore
from producers.clawdbot.delivery import Delivery
from producers.clawdbot.follow import follow
from producers.clawdbot.reader import Reader
from producers.emitter import Receipt, SessionEmitter
from schemas.records import SessionEvent
from sessiontrack.settings import Settings, get_settings

RESULTS = Path(__file__).parent / "results"
ROW_POLL_S = 0.01
HIT_POLL_S = 0.05
# A line that is not found after so long is lost, not late.
GIVE_UP_S = 30.0

Times = dict[int, float]


class StampedEmitter:
    """Notes when each line is acknowledged."""

    def __init__(self, emitter: SessionEmitter) -> None:
        self._emitter = emitter
        self.acknowledged: Times = {}

    async def send(self, event: SessionEvent) -> asyncio.Future[Receipt]:
        """Sends an event."""
        receipt = await self._emitter.send(event)
        number = event["line_number"]
        if number is not None:
            receipt.add_done_callback(lambda done: self.acknowledged.setdefault(number, time.perf_counter()))
        return receipt


async def measure(settings: Settings, rate: float, seconds: float) -> dict[str, Any]:
    """Latencies in milliseconds of each line, by hop."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "agents" / "main" / "sessions" / f"{_session_id()}.jsonl"
        path.parent.mkdir(parents=True)
        stop = asyncio.Event()
        async with SessionEmitter(settings, spool=False) as emitter:
            stamped = StampedEmitter(emitter)
            store = CheckpointStore(Path(folder))
            delivery = Delivery(stamped, store)
            reader = Reader([Path(folder)], settings.family, {}, delivery.send, lambda: time.time_ns() // 1_000_000)
            acknowledging = asyncio.create_task(delivery.run())
            following = asyncio.create_task(follow(reader, [Path(folder)], stop, lambda: None))
            # The first look around sets the watch up; lines before it would measure the start.
            await asyncio.sleep(1.0)
            (appended, messages), rows, hits = await asyncio.gather(
                _append(path, rate, int(rate * seconds)),
                asyncio.to_thread(_poll, _row_count(settings, path.stem), int(rate * seconds), ROW_POLL_S),
                asyncio.to_thread(_poll, _hit_count(settings, path.stem), int(rate * seconds), HIT_POLL_S),
            )
            stop.set()
            await following
            await delivery.drain()
            acknowledging.cancel()
            store.close()
    return {
        "acknowledged": _latencies(appended, stamped.acknowledged),
        "row": _latencies(appended, rows),
        "hit": _latencies({number: at for number, at in appended.items() if number in messages}, hits),
    }


async def _append(path: Path, rate: float, count: int) -> tuple[Times, set[int]]:
    """When each line was appended, and which of them are messages."""
    lines = live_session(path, seed=time.time_ns() % 2**31)
    begun = time.perf_counter()
    appended: Times = {}
    messages: set[int] = set()
    for number in range(1, count + 1):
        await asyncio.sleep(max(0.0, begun + number / rate - time.perf_counter()))
        line = next(lines)
        if b'"type":"message"' in line:
            messages.add(number)
        appended[number] = time.perf_counter()
        append_line(path, line)
    return appended, messages


def _poll(last: Callable[[], int], count: int, interval: float) -> Times:
    """When each line was first seen: the last line number that is there, asked again and again."""
    seen: Times = {}
    deadline = time.perf_counter() + GIVE_UP_S
    done = 0
    while done < count and time.perf_counter() < deadline:
        found = last()
        now = time.perf_counter()
        if found > done:
            seen.update(dict.fromkeys(range(done + 1, found + 1), now))
            done, deadline = found, now + GIVE_UP_S
        time.sleep(interval)
    return seen


def _row_count(settings: Settings, session_id: str) -> Callable[[], int]:
    connection = connect(settings.postgres.dsn, autocommit=True)
    query = "SELECT coalesce(max(line_number), 0) FROM events WHERE session_id = %s"

    def last() -> int:
        row = connection.execute(query, [session_id]).fetchone()
        return int(row[0]) if row else 0

    return last


def _hit_count(settings: Settings, session_id: str) -> Callable[[], int]:
    client = OpenSearch(hosts=[settings.opensearch.url])
    body = {
        "size": 0,
        "query": {"term": {"session_id": session_id}},
        "aggs": {"last": {"max": {"field": "line_number"}}},
    }

    def last() -> int:
        answer = client.search(index=settings.opensearch.alias("messages"), body=body)
        return int(answer["aggregations"]["last"]["value"] or 0)

    return last


def _latencies(appended: Times, seen: Times) -> list[float]:
    return [(seen[number] - at) * 1000 for number, at in appended.items() if number in seen]


def summary(latencies: list[float]) -> dict[str, float]:
    """Quantiles of times in milliseconds."""
    cuts = statistics.quantiles(latencies, n=1000, method="inclusive")
    return {
        "lines": len(latencies),
        "p50_ms": round(cuts[499], 2),
        "p95_ms": round(cuts[949], 2),
        "p99_ms": round(cuts[989], 2),
        "max_ms": round(max(latencies), 2),
    }


def _plot(latencies: dict[str, list[float]], path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(8, 4.5), layout="constrained")
    names = {"acknowledged": "acknowledged by Kafka", "row": "row in PostgreSQL", "hit": "hit in OpenSearch"}
    for hop, values in latencies.items():
        ordered = sorted(values)
        axes.plot(ordered, [(place + 1) / len(ordered) for place in range(len(ordered))], label=names[hop])
    axes.set(
        xscale="log",
        xlabel="milliseconds after the append",
        ylabel="share of lines",
        title="After the append of a line",
    )
    axes.grid(alpha=0.3)
    figure.legend(loc="outside lower center", ncols=3, frameon=False)
    figure.savefig(path, dpi=120)


def _session_id() -> str:
    from uuid import uuid4

    return str(uuid4())


def main() -> None:
    """Measures, saves and plots."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=50.0, help="lines a second")
    parser.add_argument("--seconds", type=float, default=60.0)
    arguments = parser.parse_args()
    machine = describe()
    latencies = asyncio.run(measure(get_settings(), arguments.rate, arguments.seconds))
    result = {
        "machine": machine,
        "rate": arguments.rate,
        "seconds": arguments.seconds,
        "latency": {hop: summary(values) for hop, values in latencies.items()},
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "latency.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    _plot(latencies, RESULTS / "latency.png")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
