from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any
from uuid import uuid4

import pytest

from consumers.postgres.batch import project
from consumers.postgres.rows import TABLES
from consumers.postgres.sink import PostgresSink
from consumers.sink import Partition, Received, Sink
from queries.postgres import connected, stored_rows
from schemas.topics import EVENTS, MESSAGES, SESSIONS, TOOL_CALLS, Topic
from sessiontrack.settings import Settings
from tests.contract.sinks import VersionedSinkContract
from tests.records import event, message, session, tool_call


@pytest.fixture
def settings(database_settings: Settings) -> Settings:
    return database_settings


class TestPostgresSink(VersionedSinkContract):
    """All tables, in a session of each test's own."""

    @cached_property
    def session_id(self) -> str:
        return str(uuid4())

    def make_sink(self, settings: Settings) -> Sink:
        return PostgresSink(settings)

    @cached_property
    def records(self) -> list[tuple[Topic, Any]]:
        own = {"session_id": self.session_id}
        return [
            *((EVENTS, event(**own, event_id=str(uuid4()), occurred_at=at)) for at in (0, 1, 2**40)),
            *((MESSAGES, message(**own, message_id=str(uuid4()), timestamp=at)) for at in (0, 1, 2**40)),
            (TOOL_CALLS, tool_call(**own, tool_call_id=str(uuid4()))),
            (SESSIONS, session(**own, models_used=[])),
        ]

    def batch(self) -> Sequence[Received]:
        return [self._received(offset, topic, record) for offset, (topic, record) in enumerate(self.records)]

    def versions(self) -> tuple[Received, Received]:
        older, newer = (session(session_id=self.session_id, version=n, total_tokens=n) for n in (1, 2))
        return self._received(0, SESSIONS, older), self._received(1, SESSIONS, newer)

    async def stored(self, settings: Settings) -> Any:
        with connected(settings) as connection:
            return [row for table in TABLES for row in stored_rows(connection, table, self.session_id)]

    def unreachable(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"postgres": settings.postgres.model_copy(update={"port": 1})})

    def _received(self, offset: int, topic: Topic, record: Any) -> Received:
        return Received(Partition(topic.name, 0), offset, 0, b"", b"", (), project(topic.name, b"", record))


class TestRepairingPostgresSink(TestPostgresSink):
    """Of a repair nothing else is expected: only what a record replaces differs."""

    def make_sink(self, settings: Settings) -> Sink:
        return PostgresSink(settings, replace_equal=True)
