"""The API as a person runs it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from infra.stack import ports
from tests.stack.pipeline import Pipeline
from tests.stack.waiting import reaped, wait_until


@contextmanager
def serving(pipeline: Pipeline) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Runs `sessiontrack serve`; gives its address and its process."""
    port = ports.choose(1)[0]
    address = f"http://{ports.LOOPBACK}:{port}"
    with reaped(pipeline.start("serve", "--port", str(port))) as process:
        wait_until(lambda: _is_ready(address, process), "the API")
        yield address, process


def _is_ready(address: str, process: subprocess.Popen[bytes]) -> bool:
    assert process.poll() is None, "serve ended"
    try:
        return httpx.get(f"{address}/v1/health/ready").status_code == 200
    except httpx.TransportError:
        return False
