"""Tasks of a server: one runs at a time, in a process of its own, and the last ones are remembered."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import structlog

from operations.tasks.request import LettersRequest, RebuildRequest, VerifyRequest
from sessiontrack.errors import NotFoundError, TransientError
from sessiontrack.settings import Settings

log = structlog.get_logger(__name__)

_MOST_REMEMBERED = 20
# What it holds it lets go of within a second or two; a server that ends has 14 s in all.
_GRACE_S = 6.0
# A report names a hundred differences, and a redrive every refusal.
_MOST_LINE_BYTES = 16 * 1024 * 1024

State = Literal["running", "done", "failed", "stopped"]
Request = VerifyRequest | RebuildRequest | LettersRequest


@dataclass(frozen=True, slots=True)
class Task:
    """A task, as it is at a moment.

    Attributes:
        id: From 1, in the order in which they were started since the server began.
        request: What was asked for.
        state: running, done, failed or stopped.
        started_at: Epoch milliseconds.
        ended_at: Epoch milliseconds; None while it runs.
        doing: What it does now.
        done: Records that are done with, where they are counted.
        left: Records that are left, where they are counted.
        result: What it came to, where it is done.
        problem: Why it failed: `detail` and `hint`.
    """

    id: int
    request: Request
    state: State
    started_at: int
    ended_at: int | None = None
    doing: str = ""
    done: int | None = None
    left: int | None = None
    result: Mapping[str, Any] | None = None
    problem: Mapping[str, str | None] | None = None


class Tasks:
    """The tasks of a server.

    Args:
        settings: With which they run.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._known: deque[Task] = deque(maxlen=_MOST_REMEMBERED)
        self._started = 0
        self._stopping = False
        self._process: Process | None = None
        self._following: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()

    @property
    def known(self) -> list[Task]:
        """Those that are remembered, the latest first."""
        return list(self._known)

    def get(self, number: int) -> Task:
        """One of them.

        Raises:
            NotFoundError: There is none of that id, or it was forgotten.
        """
        for task in self._known:
            if task.id == number:
                return task
        raise NotFoundError(f"there is no task {number}", hint="/v1/tasks lists those that are remembered.")

    async def start(self, request: Request) -> Task:
        """Starts a task.

        Raises:
            TransientError: One is running.
        """
        async with self._starting:
            if self._following is not None and not self._following.done():
                raise TransientError(
                    f"a {self._known[0].request.kind} is running", hint="Wait for it, or stop it; one runs at a time."
                )
            self._process = await self._spawn()
            self._started += 1
            self._stopping = False
            task = Task(self._started, request, "running", _now())
            self._known.appendleft(task)
            self._following = asyncio.create_task(self._follow(self._process, request))
            log.info("task_started", task=task.id, kind=request.kind)
            return task

    async def stop(self, number: int) -> Task:
        """Stops a task, if it still runs, and waits for its end.

        Raises:
            NotFoundError: There is none of that id.
        """
        if self.get(number).state == "running":
            await self.close()
        return self.get(number)

    async def close(self) -> None:
        """Stops the task that runs, if one does; it is killed where it does not end."""
        if self._process is None or self._following is None or self._following.done():
            return
        self._stopping = True
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            async with asyncio.timeout(_GRACE_S):
                await asyncio.shield(self._following)
        except TimeoutError:
            self._process.kill()
            await self._following

    async def _spawn(self) -> Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "operations.tasks.child",
            stdin=PIPE,
            stdout=PIPE,
            env={**os.environ, "SESSIONTRACK_DATA_DIR": str(self._settings.data_dir)},
            limit=_MOST_LINE_BYTES,
            # Ctrl+C is for the server, which ends it.
            start_new_session=True,
        )

    async def _follow(self, process: Process, request: Request) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        ended: dict[str, Any] = {}
        try:
            process.stdin.write(request.model_dump_json().encode() + b"\n")
            async for line in process.stdout:
                told = json.loads(line)
                ended |= self._take(told)
        finally:
            code = await process.wait()
            process.stdin.close()
            self._end(ended, code)

    def _take(self, told: Mapping[str, Any]) -> dict[str, Any]:
        if progress := told.get("progress"):
            self._change(doing=progress["doing"], done=progress.get("done"), left=progress.get("left"))
            return {}
        return dict(told)

    def _end(self, ended: Mapping[str, Any], code: int) -> None:
        if "result" in ended:
            self._change(state="done", result=ended["result"])
        elif self._stopping:
            self._change(state="stopped")
        else:
            unknown = {"detail": f"its process ended with {code}", "hint": "The log of `sessiontrack serve` says more."}
            self._change(state="failed", problem=ended.get("problem", unknown))
        self._change(ended_at=_now())
        log.info("task_ended", task=self._known[0].id, kind=self._known[0].request.kind, state=self._known[0].state)

    def _change(self, **fields: Any) -> None:
        """Of the latest one: only that may run."""
        self._known[0] = replace(self._known[0], **fields)


def _now() -> int:
    return time.time_ns() // 1_000_000
