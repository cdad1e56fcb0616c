"""Capture stops before the disk is full, and goes on by itself."""

from __future__ import annotations

import asyncio
import shutil
from collections import namedtuple
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from producers.clawdbot import disk_guard
from producers.clawdbot.disk_guard import DiskGuard
from sessiontrack.disk import disk_space
from sessiontrack.telemetry.health import Health

GIB = 1024**3
Usage = namedtuple("Usage", "total used free")


class Disk:
    """A disk whose room a test decides."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.free, self.total = 100 * GIB, 1000 * GIB
        monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(self.total, 0, self.free))
        monkeypatch.setattr(disk_guard, "_POLL_S", 0.001)


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    return Disk(monkeypatch)


async def test_a_full_disk_is_told_of_and_waited_for(disk: Disk, tmp_path: Path) -> None:
    health = Health()
    health.ready()
    guard = DiskGuard(tmp_path, 2 * GIB, asyncio.Event(), health)
    await guard.wait_for_room()
    assert health.is_ready
    disk.free = GIB
    with capture_logs() as logs:
        waiting = asyncio.create_task(guard.wait_for_room())
        async with asyncio.timeout(60):
            while health.waiting_for != "disk":  # noqa: ASYNC110  # health is asked, it does not tell
                await asyncio.sleep(0.001)
        # Not at once when it has just so much as it wants.
        disk.free = 2 * GIB
        assert not (await asyncio.wait([waiting], timeout=0.05))[0]
        disk.free = 3 * GIB
        await waiting
    assert health.is_ready
    assert [(each["log_level"], each["free_bytes"]) for each in logs] == [("error", GIB), ("info", 3 * GIB)]


async def test_a_capture_that_is_stopped_does_not_wait(disk: Disk, tmp_path: Path) -> None:
    stop, disk.free = asyncio.Event(), 0
    stop.set()
    async with asyncio.timeout(60):
        await DiskGuard(tmp_path, 2 * GIB, stop, Health()).wait_for_room()


def test_of_a_small_disk_a_twentieth_is_left(disk: Disk, tmp_path: Path) -> None:
    disk.total, disk.free = 20 * GIB, GIB
    assert not disk_space(tmp_path / "not" / "there", 2 * GIB).is_low
    disk.free -= 1
    assert disk_space(tmp_path, 2 * GIB).is_low
