"""A capture in a process of its own, which can be killed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from sessiontrack.settings import Settings
from tests.stack.reading import environment

_PROGRAM = """
import asyncio, os, signal, sys
from pathlib import Path
from producers.clawdbot.capture import capture
from producers.clawdbot.checkpoints import CheckpointStore
from sessiontrack.settings import Settings

class DiesEarly(CheckpointStore):
    def save(self, *arguments, **options):
        super().save(*arguments, **options)
        os.kill(os.getpid(), signal.SIGKILL)

if sys.argv[2] == "until saved":
    import producers.clawdbot.capture
    producers.clawdbot.capture.CheckpointStore = DiesEarly
asyncio.run(capture(Settings(), [Path(sys.argv[1])], once=sys.argv[2] != "follow"))
"""


def start(settings: Settings, root: Path, how: str) -> subprocess.Popen[bytes]:
    """Starts one that captures a folder.

    Args:
        settings: Where the servers and its data folder are.
        root: The folder.
        how: `once`, `follow`, or `until saved`: once, but killed by itself when it has saved the first checkpoints.
    """
    variables = {**os.environ, **environment(settings), "SESSIONTRACK_DATA_DIR": str(settings.data_dir)}
    return subprocess.Popen([sys.executable, "-c", _PROGRAM, str(root), how], env=variables)
