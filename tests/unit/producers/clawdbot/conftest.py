"""A state folder with an agent's database that is written to and read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.producers.clawdbot.agent_database import AgentDatabaseWriter, database_in
from tests.unit.producers.clawdbot.database_reading import Reading


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / ".openclaw"


@pytest.fixture
def writer(state: Path) -> Iterator[AgentDatabaseWriter]:
    writer = AgentDatabaseWriter(database_in(state))
    yield writer
    writer.close()


@pytest.fixture
async def reading(state: Path, writer: AgentDatabaseWriter) -> Any:
    reading = Reading(state)
    await reading.restart()
    yield reading
    reading.reader.close()
