"""A reader of an agent's database, and what it sent."""

from __future__ import annotations

from pathlib import Path

from producers.clawdbot.database_reader import DatabaseReader
from schemas.records import Context
from tests.unit.producers.clawdbot.agent_database import database_in
from tests.unit.producers.clawdbot.writing import Log


class Reading:
    """A reader of a state folder that can be started anew."""

    def __init__(self, state: Path) -> None:
        self.log = Log()
        self._state = state
        self.reader: DatabaseReader = self.log.database_reader(state)

    async def restart(self, *, resend_since: int = 2**62) -> None:
        self.reader.close()
        self.reader = self.log.database_reader(self._state)
        await self.reader.read_all(final=False, resend_since=resend_since)

    async def notice(self) -> None:
        await self.reader.read_changed([database_in(self._state).with_name("openclaw-agent.sqlite-wal")])


def contexts(log: Log) -> list[Context]:
    return [body for event in log.of_kind("CONTEXT") if event["payload"] and (body := event["payload"]["context"])]


def lifecycles(log: Log) -> list[tuple[str, str, int]]:
    events = [(event["session_id"], event["payload"]) for event in log.of_kind("LIFECYCLE")]
    return [
        (session_id, body["action"], body["at"])
        for session_id, payload in events
        if payload and (body := payload["lifecycle"])
    ]
