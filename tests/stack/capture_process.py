"""A capture in a process of its own, which can be killed."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

from sessiontrack.settings import Settings
from tests.stack.reading import environment

_PROGRAM = """
import asyncio, sys
from pathlib import Path
from producers.clawdbot.capture import capture
from sessiontrack.settings import Settings
asyncio.run(capture(Settings(), [Path(sys.argv[1])], once=sys.argv[2] == "once"))
"""


def start(settings: Settings, root: Path, how: str) -> subprocess.Popen[bytes]:
    """Starts one that captures a folder `once`, or follows it."""
    variables = {**os.environ, **environment(settings), "SESSIONTRACK_DATA_DIR": str(settings.data_dir)}
    return subprocess.Popen([sys.executable, "-c", _PROGRAM, str(root), how], env=variables)


async def ended(process: subprocess.Popen[bytes]) -> int:
    """Its exit code, once it has ended."""
    return await asyncio.to_thread(process.wait)
