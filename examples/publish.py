"""Publishes a session with the SDK: `python examples/publish.py SESSION <TRANSCRIPT` says where its head stands."""

import asyncio
import sys

from producers.emitter import SessionEmitter


async def _publish(session_id: str) -> None:
    async with SessionEmitter() as emitter:
        transcript = emitter.transcript(session_id)
        for line in sys.stdin.buffer:
            await transcript.append(line)
        sys.stdout.write(f"{await transcript.close()}\n")


if len(sys.argv) != 2:
    sys.exit(__doc__)
asyncio.run(_publish(sys.argv[1]))
