"""`python -m bench.throughput.load`: the corpus into the events topic of a stack that runs."""

from __future__ import annotations

import argparse
import asyncio
import os
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from aiokafka import AIOKafkaProducer

from bench.throughput import corpus
from bench.throughput.log import empty_topics
from bench.throughput.prepared import Prepared, Progress, prepare
from bench.throughput.stores import patiently
from infra.init import initialise
from infra.stack.stack import NativeStack
from infra.workers import worker_states
from queries.lag import LogPositions
from schemas.avro import load_schema
from schemas.registry import SchemaRegistry
from schemas.topics import DERIVED, EVENTS
from sessiontrack.errors import SessionTrackError, UsageError
from sessiontrack.settings import Settings, get_settings

_FRAME = struct.Struct(">bI")
_BATCH = 5_000


def use_own_stack() -> None:
    """Keeps away from the user's own stack, whose stores would be emptied: `.bench` here, unless a folder is named."""
    os.environ.setdefault("SESSIONTRACK_DATA_DIR", str(Path(__file__).parents[2] / ".bench"))
    # With the default of 512 MiB its circuit breaker trips in between: what is measured then is its collector.
    os.environ.setdefault("SESSIONTRACK_STACK__OPENSEARCH_HEAP_MB", "1024")


def load(settings: Settings, prepared: Prepared) -> None:
    """Loads the corpus, where the topic does not hold it already, and it alone; another corpus makes room.

    Raises:
        UsageError: The topic holds events that are none of ours.
    """
    loaded_before = settings.data_dir / "throughput" / "loaded"
    before = loaded_before.read_text("utf-8") if loaded_before.exists() else ""
    held = asyncio.run(_held(settings))
    if held == prepared.events and before == prepared.folder.name:
        return
    if held and not before:
        raise UsageError(
            f"{EVENTS.name} in {settings.data_dir} holds {held:,} events that the benchmark did not load",
            hint="Name a SESSIONTRACK_DATA_DIR of its own: it empties topics and stores.",
        )
    if held:
        empty_topics(settings, [EVENTS, *DERIVED])
    asyncio.run(_load(settings, prepared))
    loaded_before.write_text(prepared.folder.name, encoding="utf-8")


async def _held(settings: Settings) -> int:
    async with LogPositions(settings) as positions:
        return sum((await positions.ends([EVENTS])).values())


async def _load(settings: Settings, prepared: Prepared) -> None:
    registry = SchemaRegistry(settings.registry.url)
    prefix = _FRAME.pack(0, registry.register(EVENTS.subject, load_schema(EVENTS.schema)))
    registry.close()
    producer = AIOKafkaProducer(
        bootstrap_servers=settings.kafka.bootstrap_servers,
        enable_idempotence=True,
        compression_type="zstd",
        max_batch_size=1024 * 1024,
    )
    await producer.start()
    try:
        records = prepared.records()
        while batch := list(islice(records, _BATCH)):
            sent = [
                await producer.send(EVENTS.name, prefix + value[_FRAME.size :], key=key, headers=headers)
                for key, value, headers in batch
            ]
            await asyncio.gather(*sent)
    finally:
        await producer.stop()


def loaded(settings: Settings, events: int, sessions: int, progress: Progress) -> Prepared:
    """Prepares the corpus, makes what the pipeline needs in its servers, and loads it."""
    prepared = prepare(settings.data_dir / "throughput", events, sessions, progress)
    progress(f"loading {prepared.value_bytes / 2**20:.0f} MiB into {EVENTS.name}")
    patiently(lambda: initialise(settings))
    load(settings, prepared)
    return prepared


def sessions_of(events: int) -> int:
    """How many sessions a corpus of so many events has: a smaller one has fewer, not shorter ones."""
    return max(1, events * corpus.SESSIONS // corpus.EVENTS)


@contextmanager
def running_stack(progress: Progress) -> Iterator[Settings]:
    """The stack of the data folder, started where it does not run, and then stopped at the end.

    Raises:
        UsageError: Its workers run: they would take part.
    """
    stack = NativeStack(get_settings())
    ours = any(part.state != "running" for part in stack.status())
    stack.up(lambda part, message: progress(f"{part} {message}"))
    get_settings.cache_clear()
    settings = get_settings()
    try:
        if any(worker.state == "running" for worker in worker_states(settings)):
            raise UsageError(
                f"the workers of {settings.data_dir} run", hint="Name another SESSIONTRACK_DATA_DIR for the benchmark."
            )
        yield settings
    finally:
        if ours:
            stack.down()


def main() -> int:
    """Loads; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench.throughput.load", description=__doc__)
    parser.add_argument("--events", type=int, default=corpus.EVENTS, help="how many (default: %(default)s)")
    events: int = parser.parse_args().events
    use_own_stack()
    try:
        prepared = loaded(get_settings(), events, sessions_of(events), print)
    except SessionTrackError as error:
        print(f"{error}\n{error.hint or ''}", file=sys.stderr)
        return 1
    print(f"{prepared.events:,} events are in {EVENTS.name}; the stores will hold {prepared.expected}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
