"""The process of a task: a request comes in on standard input, what there is to tell goes out on standard output.

Each line is a JSON object: `progress`, then `result`, or `problem` with its `detail` and `hint`. Standard input stays
open while the task is wanted. Where it ends, because the task is to be stopped or whoever started it is gone, the task
ends as by Ctrl+C: what it holds it lets go of.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from typing import Any, BinaryIO, TextIO

from pydantic import TypeAdapter

from operations.tasks.perform import perform
from operations.tasks.request import LettersRequest, RebuildRequest, TaskRequest, VerifyRequest
from sessiontrack.errors import SessionTrackError
from sessiontrack.settings import get_settings

# A person sees no more.
_TELL_S = 0.2

_REQUEST: TypeAdapter[VerifyRequest | RebuildRequest | LettersRequest] = TypeAdapter(TaskRequest)


def main() -> None:
    """Runs one task."""
    out = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    # What libraries print is no part of what is told.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    request = _REQUEST.validate_json(sys.stdin.buffer.readline())
    threading.Thread(target=_end_with, args=[sys.stdin.buffer], daemon=True).start()
    try:
        _tell(out, {"result": perform(get_settings(), request, _Teller(out))})
    except SessionTrackError as error:
        _tell(out, {"problem": {"detail": str(error), "hint": error.hint}})
    except KeyboardInterrupt:
        return


class _Teller:
    """Tells of progress, not more often than it is seen; of what is begun at once."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._at = 0.0
        self._doing = ""

    def __call__(self, progress: dict[str, Any]) -> None:
        now = time.monotonic()
        if now - self._at >= _TELL_S or progress["doing"] != self._doing:
            self._at, self._doing = now, progress["doing"]
            _tell(self._out, {"progress": progress})


def _tell(out: TextIO, told: dict[str, Any]) -> None:
    out.write(json.dumps(told) + "\n")
    out.flush()


def _end_with(stream: BinaryIO) -> None:
    while stream.read(1):
        continue
    # To the main thread, so that what it waits for is interrupted.
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)


if __name__ == "__main__":
    main()
