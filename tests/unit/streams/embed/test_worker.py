"""The worker `embed` before it can embed."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from sessiontrack.settings import EmbeddingSettings, Settings
from sessiontrack.telemetry.health import Health
from sessiontrack.telemetry.metrics import WorkerMetrics
from streams.embed.worker import run_embed
from tests.stack.waiting import until


async def test_a_worker_without_a_key_shows_that_it_waits_for_its_provider(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "nice", lambda more: None)
    settings = Settings(data_dir=tmp_path, embedding=EmbeddingSettings(provider="gemini"))
    metrics, health, stop = WorkerMetrics("embed"), Health(), asyncio.Event()
    running = asyncio.create_task(run_embed(settings, stop, metrics=metrics, health=health))

    async def waits() -> bool:
        return health.waiting_for == "gemini"

    await until(waits, "a worker that waits for its provider")
    assert metrics.registry.get_sample_value("sessiontrack_embedding_waits") == 1
    stop.set()
    await running
