"""Embeds with patience: what time or a person heals is waited for, and told meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

import numpy as np
import structlog
from numpy.typing import NDArray

from sessiontrack.backoff import backoff_delays
from sessiontrack.errors import TerminalError, TransientError
from sessiontrack.providers.embedder import Embedder
from sessiontrack.telemetry.embedding_metrics import ProviderMetrics
from streams.stages import Interrupted

logger = structlog.get_logger(__name__)

# A call may take minutes, and the worker ends within seconds.
_LOOK_S = 0.25

_Result = TypeVar("_Result")
# A vector, (dimensions,), or why there is none.
Made = NDArray[np.float32] | TerminalError


class PatientEmbedder:
    """Asks an embedder until it answers.

    Args:
        embedder: The embedder.
        worker: Whose it is.
        provider: Who is waited for, by name.
        metrics: Told whether it is.
    """

    def __init__(self, embedder: Embedder, worker: str, provider: str, metrics: ProviderMetrics) -> None:
        self._embedder, self._worker, self._provider, self._metrics = embedder, worker, provider, metrics
        # Several partitions may wait at the same time.
        self._waiting = 0

    @property
    def waits_for(self) -> str:
        """The provider while it is away; empty else."""
        return self._provider if self._waiting else ""

    async def embed(self, texts: Sequence[str], is_interrupted: Callable[[], bool]) -> list[Made]:
        """The vector of each text, (dimensions,), or why the provider refuses it.

        Raises:
            Interrupted: Before all are there.
        """
        found: list[Made] = []
        # Call by call: what one has made is not asked for again when the next fails.
        for group in self._embedder.batches(texts):
            found += await self._group(group, is_interrupted)
        return found

    async def patiently(self, attempt: Callable[[], Awaitable[_Result]], is_interrupted: Callable[[], bool]) -> _Result:
        """The result of what may fail for a while.

        Raises:
            Interrupted: Before it is there.
            TerminalError: From the attempt.
        """
        try:
            return await _unless(is_interrupted, attempt())
        except TransientError as error:
            with self._noted():
                return await self._again(error, attempt, is_interrupted)

    async def _again(
        self, error: TransientError, attempt: Callable[[], Awaitable[_Result]], is_interrupted: Callable[[], bool]
    ) -> _Result:
        for delay in backoff_delays():
            wait = max(delay, error.retry_after_s or 0.0)
            logger.warning(
                "waiting", worker=self._worker, reason=str(error), hint=error.hint, retry_in_s=round(wait, 1)
            )
            await _unless(is_interrupted, asyncio.sleep(wait))
            try:
                return await _unless(is_interrupted, attempt())
            except TransientError as another:
                error = another
        raise AssertionError("backoff has no end")

    @contextmanager
    def _noted(self) -> Iterator[None]:
        """Shows that something waits for the provider."""
        self._waiting += 1
        self._metrics.waits(True)
        try:
            yield
        finally:
            self._waiting -= 1
            self._metrics.waits(self._waiting > 0)

    async def _group(self, texts: Sequence[str], is_interrupted: Callable[[], bool]) -> list[Made]:
        try:
            return list(await self.patiently(lambda: self._embedder.embed_documents(texts), is_interrupted))
        except TerminalError as error:
            if len(texts) == 1:
                return [error]
        # One of them is at fault, and nobody says which.
        return [each for text in texts for each in await self._group([text], is_interrupted)]


async def _unless(is_interrupted: Callable[[], bool], work: Awaitable[_Result]) -> _Result:
    """The result of some work, which ends at once when it is interrupted."""
    task = asyncio.ensure_future(work)
    try:
        while not task.done():
            if is_interrupted():
                raise Interrupted
            await asyncio.wait([task], timeout=_LOOK_S)
        return task.result()
    finally:
        task.cancel()
