"""A giant that is imported does not hold up what is written elsewhere meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from producers.clawdbot import reader as module
from producers.clawdbot.batches import Batch
from producers.clawdbot.sources import Sources
from tests.unit.producers.clawdbot.agent_database import AgentDatabaseWriter, database_in
from tests.unit.producers.clawdbot.writing import (
    NOW,
    OTHER_SESSION,
    SESSION,
    Log,
    header,
    message,
    raw_of,
    rename,
    write,
)

GIANT_LINES = 3_000


class Meanwhile(Log):
    """Does something when the second batch of the giant is sent."""

    def __init__(self) -> None:
        super().__init__()
        self.batches_of_giant = 0
        self.happens: Callable[[], object] = lambda: None

    async def send(self, batch: Batch) -> None:
        await super().send(batch)
        if batch.events and batch.events[0]["session_id"] == SESSION and batch.lines > 1:
            self.batches_of_giant += 1
            if self.batches_of_giant == 2:
                self.happens()


@pytest.fixture
def sessions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(module, "_SLICE_S", 0.0)
    return tmp_path / ".openclaw" / "agents" / "main" / "sessions"


async def read_giant(sessions: Path, log: Meanwhile, *, live: bool) -> None:
    """Reads a session, then the giant, as an import at the start or as a change."""
    giant = sessions / f"{SESSION}.jsonl"
    lines = header() + b"".join(message(number) for number in range(1, GIANT_LINES))
    write(sessions / f"{OTHER_SESSION}.jsonl", header(OTHER_SESSION) + message(1))
    reader = log.reader(sessions)
    if live:
        await reader.read_all(final=False)
        write(giant, lines)
        await reader.read_changed([giant])
    else:
        await reader.read_changed([sessions / f"{OTHER_SESSION}.jsonl"])
        write(giant, lines)
        await reader.read_all(final=False)
    assert log.batches_of_giant == GIANT_LINES // 500


@pytest.mark.parametrize("live", [False, True], ids=["import", "live"])
async def test_a_line_that_is_written_meanwhile_comes_after_the_next_piece(sessions: Path, live: bool) -> None:
    log, other = Meanwhile(), sessions / f"{OTHER_SESSION}.jsonl"
    log.happens = lambda: write(other, message(2, "in time"), append=True)
    await read_giant(sessions, log, live=live)
    places = {raw_of(event): place for place, event in enumerate(log.events)}
    before = sum(event["session_id"] == SESSION for event in log.events[: places[message(2, "in time")]])
    assert before <= 3 * 500
    assert [event["line_number"] for event in log.events if event["session_id"] == SESSION and event["chain"]][
        :GIANT_LINES
    ] == list(range(1, GIANT_LINES + 1))


async def test_a_database_that_is_imported_lets_files_pass(sessions: Path) -> None:
    log, file = Meanwhile(), sessions / f"{OTHER_SESSION}.jsonl"
    write(file, header(OTHER_SESSION) + message(1))
    root = sessions.parents[2]
    database = AgentDatabaseWriter(database_in(root))
    database.append(SESSION, header(), *(message(number) for number in range(1, GIANT_LINES)))
    log.happens = lambda: write(file, message(2, "in time"), append=True)
    with closing(Sources([root], "clawdbot", {}, {}, log.send, lambda: NOW)) as sources:
        await sources.read_all(final=False)
    database.close()
    place = [raw_of(event) for event in log.events].index(message(2, "in time"))
    assert sum(event["session_id"] == SESSION for event in log.events[:place]) <= 3 * 500


async def test_a_second_giant_lets_others_pass_as_well(sessions: Path) -> None:
    log, other = Meanwhile(), sessions / f"{OTHER_SESSION}.jsonl"
    log.happens = lambda: write(other, b"".join(message(number) for number in range(2, 2_000)), append=True)
    await read_giant(sessions, log, live=True)
    of_other = [event["line_number"] for event in log.events if event["session_id"] == OTHER_SESSION and event["chain"]]
    assert set(range(1, 2_001)) <= set(of_other)


async def test_what_is_renamed_or_gone_meanwhile_is_left_for_its_turn(sessions: Path) -> None:
    log, other = Meanwhile(), sessions / f"{OTHER_SESSION}.jsonl"

    def reset() -> None:
        rename(other, ".reset.2026-11-22T00-57-40.587Z")
        write(other, header(OTHER_SESSION) + message(9, "anew"))

    log.happens = reset
    await read_giant(sessions, log, live=True)
    # Its old name is read first: what stands in its place is no rewrite.
    assert message(9, "anew") not in log.lines
