"""Publishes a transcript with the SDK: `python examples/publish.py SESSION_ID FILE`."""

import asyncio
import sys

from producers.emitter import SessionEmitter


async def publish(session_id: str, path: str) -> None:
    async with SessionEmitter() as emitter:
        transcript = emitter.transcript(session_id)
        for line in open(path, "rb"):
            await transcript.append(line)
        print(await transcript.close())

asyncio.run(publish(sys.argv[1], sys.argv[2]))
