"""Emits lines of a session one after another, and says which ones were accepted: `python -m tests.stack.emitting`."""

from __future__ import annotations

import asyncio
import sys

from producers.emitter import SessionEmitter
from tests.unit.producers.clawdbot.writing import message


async def _emit(session_id: str, first: int, pause: float) -> None:
    async with SessionEmitter() as emitter:
        transcript = emitter.transcript(session_id)
        number = first
        while True:
            receipt = await transcript.append(message(number))
            sys.stdout.write(f"{number} {'spooled' if receipt.spooled else 'published'}\n")
            sys.stdout.flush()
            number += 1
            await asyncio.sleep(pause)


if __name__ == "__main__":
    asyncio.run(_emit(sys.argv[1], int(sys.argv[2]), float(sys.argv[3])))
