"""Transcripts that OpenClaw keeps in a database: captured while it writes, kept exactly, counted once."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import pytest

from queries.export import export, generations
from sessiontrack.errors import NotFoundError
from tests.samples import FACTS, SQLITE, state_folder
from tests.stack.pipeline import Pipeline, differences
from tests.stack.waiting import reaped, wait_until
from tests.unit.producers.clawdbot.agent_database import AgentDatabaseWriter, database_in
from tests.unit.producers.clawdbot.writing import header, message


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[AgentDatabaseWriter]:
    writer = AgentDatabaseWriter(database_in(tmp_path / ".openclaw"))
    yield writer
    writer.close()


@contextmanager
def capturing(pipeline: Pipeline, root: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A capture that follows a folder, and is killed at the end."""
    with reaped(pipeline.start("capture", "--root", root)) as process:
        yield process


def exports(pipeline: Pipeline, session_id: str) -> dict[str, str]:
    """The generations of a session: SHA-256 of what is exported, and state."""
    return {
        sha256(b"".join(export(pipeline.settings, session_id, generation.number))).hexdigest(): generation.state
        for generation in generations(pipeline.settings, session_id)
    }


def wait_until_exported(pipeline: Pipeline, session_id: str, lines: list[bytes], state: str = "LIVE") -> None:
    """Waits until a session has a generation of just these lines."""
    expected = sha256(b"".join(lines)).hexdigest()

    def is_there() -> bool:
        try:
            return exports(pipeline, session_id).get(expected) == state
        except NotFoundError:
            return False

    wait_until(is_there, f"a generation of {len(lines)} lines in state {state}")


def test_the_sample_is_given_back_row_by_row(pipeline: Pipeline, tmp_path: Path) -> None:
    (sample,) = SQLITE
    state = state_folder(sample, tmp_path)
    summary = pipeline.capture(state)
    assert (summary["sessions"], summary["skipped"]) == (len(FACTS[sample]), {})
    assert not differences(pipeline.verify())
    writer = AgentDatabaseWriter(database_in(state))
    for (session_id,) in writer.connection.execute("SELECT DISTINCT session_id FROM transcript_events"):
        rows = b"".join(writer.lines(session_id))
        assert exports(pipeline, session_id)[sha256(rows).hexdigest()] == "LIVE"
        done = pipeline.run("export", session_id)
        assert done.stdout == rows
        assert pipeline.run("show", session_id).returncode == 0
    writer.close()
    listed = {row["session_id"]: row for row in pipeline.json("sessions", "--limit", "100000")["sessions"]}
    assert set(FACTS[sample]) <= set(listed)


def test_a_database_is_followed_through_a_kill(pipeline: Pipeline, writer: AgentDatabaseWriter, tmp_path: Path) -> None:
    session_id = str(uuid4())
    first = [header(session_id), *(message(number, f"message {number}") for number in range(1, 30))]
    root = tmp_path / ".openclaw"
    writer.append(session_id, *first)
    with capturing(pipeline, root):
        wait_until_exported(pipeline, session_id, first)
        writer.append(session_id, message(30, "zażółć"), compressed=True)
        wait_until_exported(pipeline, session_id, writer.lines(session_id))
    whole = writer.lines(session_id)
    writer.compact(session_id, 5)
    with capturing(pipeline, root):
        wait_until_exported(pipeline, session_id, writer.lines(session_id))
        compacted = writer.lines(session_id)
        writer.append(session_id, message(31, "after the compaction"))
        wait_until_exported(pipeline, session_id, writer.lines(session_id))
        last = writer.lines(session_id)
        writer.delete(session_id)
        wait_until_exported(pipeline, session_id, last, "DELETED")
    assert compacted == last[:-1]
    assert exports(pipeline, session_id) == {
        sha256(b"".join(whole)).hexdigest(): "REPLACED",
        sha256(b"".join(last)).hexdigest(): "DELETED",
    }
    assert not differences(pipeline.verify(session_id))
    session = next(
        row for row in pipeline.json("sessions", "--limit", "100000")["sessions"] if row["session_id"] == session_id
    )
    assert session["message_count"] == 31
