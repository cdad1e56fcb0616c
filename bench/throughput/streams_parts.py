"""`python -m bench.throughput.streams_parts PART`: the streams worker, stopped short, to see what each part costs."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

import streams.app
from sessiontrack.logs import configure_logging
from sessiontrack.settings import get_settings
from sessiontrack.telemetry.metrics import WorkerMetrics
from sessiontrack.worker import run_worker
from streams.pipeline import Batch, Pipeline
from streams.table import read_partition
from streams.take import acknowledge
from streams.worker import run_streams


class FaustOnly(Pipeline):
    """Acknowledges: what is left is what Faust itself costs."""

    async def process(self, blocks: Iterable[Any]) -> None:
        """Nothing."""
        acknowledge(self._app, list(blocks))


class DecodeOnly(Pipeline):
    """Decodes, and acknowledges."""

    async def _process(self, tp: Any, blocks: Sequence[Any]) -> None:
        await self._decode(Batch(tp, [record for block in blocks for record in block.records]))
        acknowledge(self._app, blocks)


class FoldOnly(Pipeline):
    """Decodes, runs the stages, keeps the state and its changelog; encodes and publishes nothing."""

    async def _run_stages(self, batch: Batch) -> None:
        state = read_partition(self._table, batch.tp.partition)
        changes = await self._stages.process(state, await self._decode(batch), lambda: False)
        batch.writes = dict(changes.writes)

    async def _publish(self, batch: Batch) -> None:
        """Nothing."""


PARTS = {"faust": FaustOnly, "decode": DecodeOnly, "fold": FoldOnly}


def main(part: str) -> None:
    """Runs until SIGTERM."""
    # By name: to a type checker a class is nothing to assign to.
    setattr(streams.app, "Pipeline", PARTS[part])  # noqa: B010
    settings = get_settings()
    configure_logging(settings.log)
    run_worker(partial(run_streams, settings), WorkerMetrics("streams"), settings)


if __name__ == "__main__":
    main(sys.argv[1])
