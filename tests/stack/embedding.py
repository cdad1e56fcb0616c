"""The worker `embed` as a process of its own, and Gemini's settings for a server that stands in for it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx

from infra.stack.ports import choose
from tests.stack.streaming import Log
from tests.stack.waiting import until
from tests.unit.sessiontrack.providers.model_server import DIMENSIONS, KEY, ModelServer


class Worker:
    """The worker as a process of its own, which keeps its state in a folder that outlives it."""

    def __init__(self, log: Log, folder: Path, output: Any) -> None:
        self._log, self._folder, self._output = log, folder, output
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, **embedding: Any) -> subprocess.Popen[bytes]:
        """Starts it with these settings of its provider."""
        program = (
            "import json, sys; from functools import partial; from pathlib import Path;"
            "from sessiontrack.settings import EmbeddingSettings, Settings;"
            "from sessiontrack.logs import configure_logging;"
            "from sessiontrack.telemetry.metrics import WorkerMetrics;"
            "from sessiontrack.worker import run_worker; from streams.embed.worker import run_embed;"
            "settings = Settings(data_dir=Path(sys.argv[1])); configure_logging(settings.log);"
            "embedding = EmbeddingSettings(**json.loads(sys.argv[4]));"
            "telemetry = settings.telemetry.model_copy(update={'port': int(sys.argv[5])});"
            "own = {'data_dir': Path(sys.argv[2]), 'embedding': embedding, 'telemetry': telemetry};"
            "settings = settings.model_copy(update=own);"
            "work = partial(run_embed, settings, namespace=sys.argv[3]);"
            "run_worker(work, WorkerMetrics('embed'), settings)"
        )
        [self._port] = choose(1)
        arguments = [str(self._log.settings.data_dir), str(self._folder), self._log.namespace]
        self.process = subprocess.Popen(
            [sys.executable, "-c", program, *arguments, json.dumps(embedding), str(self._port)],
            stderr=self._output,
            cwd=Path(__file__).parents[2],
        )
        return self.process

    async def waits_for(self, what: str) -> None:
        """Waits until it says that it waits for something."""

        async def says_so() -> bool:
            async with httpx.AsyncClient(trust_env=False) as client:
                try:
                    answer = await client.get(f"http://127.0.0.1:{self._port}/health/ready")
                except httpx.TransportError:
                    return False
            return bool(answer.json().get("waits_for", "") == what)

        await until(says_so, f"a worker that waits for {what}")


def gemini(models: ModelServer, **settings: Any) -> dict[str, Any]:
    """Settings of Gemini, answered by this server; without limits where none are given."""
    without_limits = {"requests_per_minute": 0, "tokens_per_minute": 0, "requests_per_day": 0}
    return (
        {"provider": "gemini", "base_url": models.url, "api_key": KEY, "dimensions": DIMENSIONS}
        | without_limits
        | settings
    )
