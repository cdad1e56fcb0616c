"""`python -m bench.spool`: what `emit` takes while the broker is away, and that nothing is lost by it.

An emitter publishes generated lines at a fixed rate, one after another, as a program does that waits for each. After a
while the broker is stopped (SIGSTOP: it takes connections and answers nothing, which is worse than one that is gone),
then goes on. Afterwards every event is looked for in the log.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import tempfile
import time
from pathlib import Path
from statistics import quantiles
from typing import Any
from uuid import uuid4

from aiokafka import AIOKafkaConsumer, TopicPartition

from bench.corpus import live_session
from bench.machine import describe
from infra.stack.stack import NativeStack
from producers.emitter import SessionEmitter
from producers.publisher import partition_of
from producers.spool.folders import spool_root, spool_size
from producers.transcript import Transcript, TranscriptSource
from schemas.topics import EVENTS
from sessiontrack.settings import Settings, get_settings

RESULT = Path(__file__).parent / "results" / "spool.json"


async def measure(settings: Settings, rate: float, before: float, outage: float) -> dict[str, Any]:
    """Times of `emit` before, during and after an outage, in milliseconds, and what the log holds in the end."""
    session_id = str(uuid4())
    with tempfile.TemporaryDirectory() as folder:
        spooling = settings.model_copy(update={"data_dir": Path(folder)})
        transcript = Transcript(TranscriptSource(session_id=session_id))
        lines = live_session(Path(f"{session_id}.jsonl"), seed=1)
        consumer, start = await _end_of_log(settings, session_id)
        ids: list[str] = []
        async with SessionEmitter(spooling) as emitter:

            async def emit_for(seconds: float) -> list[float]:
                times = []
                begun = time.perf_counter()
                for number in range(int(rate * seconds)):
                    await asyncio.sleep(max(0.0, begun + number / rate - time.perf_counter()))
                    event = transcript.append(next(lines), captured_at=time.time_ns() // 1_000_000)
                    at = time.perf_counter()
                    await emitter.emit(event)
                    times.append((time.perf_counter() - at) * 1000)
                    ids.append(event["event_id"])
                return times

            well = await emit_for(before)
            pid = _broker(settings)
            os.kill(pid, signal.SIGSTOP)
            try:
                away = await emit_for(outage)
                spooled = spool_size(spool_root(Path(folder))).bytes
            finally:
                os.kill(pid, signal.SIGCONT)
            back_at = time.perf_counter()
            emptying = asyncio.create_task(_emptied(Path(folder)))
            after = await emit_for(before)
            emptied_at = await emptying
        found = await _ids_since(consumer, start, session_id)
    return {
        "well": _summary(well),
        "away": _summary(away),
        "after": _summary(after),
        "spooled_bytes": spooled,
        "emptied_after_s": round(emptied_at - back_at, 2),
        "events": len(ids),
        "lost": len(set(ids) - set(found)),
        "repeated": len(found) - len(set(found)),
        "in_order": list(dict.fromkeys(found)) == ids,
    }


def _broker(settings: Settings) -> int:
    pid = next(server.pid for server in NativeStack(settings).status() if server.name == "kafka")
    assert pid, "start the stack first"
    return pid


async def _emptied(data_dir: Path) -> float:
    while spool_size(spool_root(data_dir)).bytes:  # noqa: ASYNC110  # files tell nobody of their end
        await asyncio.sleep(0.02)
    return time.perf_counter()


async def _end_of_log(settings: Settings, session_id: str) -> tuple[Any, int]:
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.kafka.bootstrap_servers)
    await consumer.start()
    partition = TopicPartition(EVENTS.name, partition_of(session_id.encode()))
    consumer.assign([partition])
    return consumer, (await consumer.end_offsets([partition]))[partition]


async def _ids_since(consumer: Any, start: int, session_id: str) -> list[str]:
    (partition,) = consumer.assignment()
    consumer.seek(partition, start)
    end = (await consumer.end_offsets([partition]))[partition]
    found = []
    while await consumer.position(partition) < end:
        records = (await consumer.getmany(timeout_ms=1000)).get(partition, [])
        found += [dict(each.headers)["ce_id"].decode() for each in records if each.key == session_id.encode()]
    await consumer.stop()
    return found


def _summary(times: list[float]) -> dict[str, float]:
    cuts = quantiles(times, n=1000, method="inclusive")
    return {
        "emits": len(times),
        "p50_ms": round(cuts[499], 3),
        "p99_ms": round(cuts[989], 3),
        "p999_ms": round(cuts[998], 3),
        "max_ms": round(max(times), 3),
    }


def main() -> None:
    """Measures and saves."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=200.0, help="events a second")
    parser.add_argument("--before", type=float, default=10.0, help="seconds before the outage, and after it")
    parser.add_argument("--outage", type=float, default=60.0, help="seconds")
    arguments = parser.parse_args()
    machine = describe()
    measured = asyncio.run(measure(get_settings(), arguments.rate, arguments.before, arguments.outage))
    parameters = {"rate": arguments.rate, "outage_s": arguments.outage, "niceness": os.nice(0)}
    result = {"machine": machine, **parameters, "emit": measured}
    RESULT.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
