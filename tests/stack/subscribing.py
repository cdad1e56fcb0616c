"""Subscribers that have none of our code: they run as another process and print what they read as lines of JSON."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
from asyncio.subprocess import PIPE
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.npm import installed, npm, run
from tests.stack.waiting import PATIENCE_S

EXAMPLES = Path(__file__).parents[2] / "examples"
CLIENT = EXAMPLES / "node"
PYTHON = (sys.executable, str(EXAMPLES / "subscribe.py"))
# The oldest Node.js of each line that the client's Kafka library takes; package.json states the same.
_OLDEST = {22: (22, 22), 24: (24, 6)}
_NODE = "node@24"

Line = Mapping[str, Any]


def installed_node_client(folder: Path) -> tuple[str, ...]:
    """The command of the Node client, installed into a folder; skips where npm is missing."""
    client = installed(CLIENT, folder) / "subscribe.js"
    return _node(folder), str(client)


async def lines_of(command: Sequence[str], arguments: Sequence[str], until: set[str]) -> dict[str, Line]:
    """What a subscriber prints until it has printed some records; it is ended then.

    Args:
        command: The subscriber.
        arguments: Its arguments.
        until: The records, topic/partition/offset.

    Returns:
        Line by record.
    """
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    process = await asyncio.create_subprocess_exec(*command, *arguments, stdout=PIPE, limit=2**24, env=environment)
    assert process.stdout
    lines: dict[str, Line] = {}
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not until <= lines.keys():
                text = await process.stdout.readline()
                assert text, f"{command} ended after {len(lines)} records"
                line = json.loads(text)
                lines[line["at"]] = line
    except TimeoutError as error:
        raise AssertionError(f"{command} did not print {len(until - lines.keys())} of {len(until)} records") from error
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()
    return lines


def _node(folder: Path) -> str:
    """Node.js of a version that the client takes: the machine's, else one that npm fetches."""
    found = shutil.which("node")
    if found is not None:
        version = tuple(int(number) for number in run([found, "--version"], folder).lstrip("v").split("."))
        if version >= _OLDEST.get(version[0], _OLDEST[24]):
            return found
    return run([npm(), "exec", "--yes", f"--package={_NODE}", "--", "node", "-p", "process.execPath"], folder)
