"""The archive's worker on a topic, a group and a bucket of a test, until it has put so many objects.

`python -m tests.stack.archive_worker TOPIC NAME OBJECTS`: then it kills itself, in the middle whatever its speed.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from dataclasses import replace
from itertools import count

from consumers.archive import segments
from consumers.archive.objects import ObjectStore
from consumers.archive.sink import ArchiveSink
from consumers.engine import Engine
from schemas.topics import EVENTS, Topic
from sessiontrack.settings import Settings


def archive_sink(settings: Settings, topic: Topic, name: str) -> ArchiveSink:
    """The sink, reading `topic` in the group `sessiontrack.<name>`."""
    sink = ArchiveSink(settings)
    sink.name, sink.topics = name, (topic,)
    return sink


def die_after(objects: int) -> None:
    """Ends the process at once when it has put so many."""
    put, left = ObjectStore.put, count(objects - 1, -1)

    def put_and_count(self: ObjectStore, key: str, content: bytes) -> None:
        put(self, key, content)
        if next(left) == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    ObjectStore.put = put_and_count  # type: ignore[method-assign]


if __name__ == "__main__":
    topic, name, objects = sys.argv[1:]
    settings = Settings()
    # At once: so that there is a middle to kill it in.
    segments.LONGEST_WAIT_S = 0.0
    die_after(int(objects))
    asyncio.run(Engine(archive_sink(settings, replace(EVENTS, name=topic), name), settings).run(asyncio.Event()))
