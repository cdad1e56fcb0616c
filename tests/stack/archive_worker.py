"""The archive's worker on a topic, a group and a bucket of a test: `python -m tests.stack.archive_worker …`."""

from __future__ import annotations

import asyncio
import signal
import sys
from dataclasses import replace

from consumers.archive import segments
from consumers.archive.sink import ArchiveSink
from consumers.engine import Engine
from schemas.topics import EVENTS, Topic
from sessiontrack.settings import Settings


def archive_sink(settings: Settings, topic: Topic, name: str) -> ArchiveSink:
    """The sink, reading `topic` in the group `sessiontrack.<name>`."""
    sink = ArchiveSink(settings)
    sink.name, sink.topics = name, (topic,)
    return sink


# Soon: so that there is a middle to kill it in.
segments._FIRST_PUT_RECORDS = 64


async def main(topic: str, name: str) -> None:
    settings = Settings()
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await Engine(archive_sink(settings, replace(EVENTS, name=topic), name), settings).run(stop)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
