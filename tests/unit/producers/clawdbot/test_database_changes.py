"""Changes of a database are found with work in proportion to what is new."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from producers.clawdbot.database import AgentDatabase
from producers.clawdbot.database_changes import DatabaseChanges
from tests.unit.producers.clawdbot.agent_database import AgentDatabaseWriter
from tests.unit.producers.clawdbot.writing import header, message

# SQLite counts the steps of its machine; it tells of every so many.
STEPS = 100


@pytest.fixture
def database(writer: AgentDatabaseWriter) -> Iterator[AgentDatabase]:
    database = AgentDatabase(writer.path)
    yield database
    database.close()


def found(database: AgentDatabase, changes: DatabaseChanges) -> set[str] | None:
    """The sessions that recently changed; None where all have to be looked at."""
    database.refresh()
    with database.snapshot() as snapshot:
        return changes.recent(snapshot)


def look(database: AgentDatabase, changes: DatabaseChanges) -> set[str]:
    """The sessions that changed, by a thorough look; none is known."""
    database.refresh()
    with database.snapshot() as snapshot:
        return changes.thorough(snapshot, {})


@pytest.fixture
def changes(writer: AgentDatabaseWriter, database: AgentDatabase) -> DatabaseChanges:
    for session in ("a", "b", "c"):
        writer.append(session, header(session), *map(message, range(5)))
    changes = DatabaseChanges()
    assert found(database, changes) is None
    assert look(database, changes) == {"a", "b", "c"}
    assert found(database, changes) == set()
    return changes


def test_appended_and_replaced_sessions_are_found(
    writer: AgentDatabaseWriter, database: AgentDatabase, changes: DatabaseChanges
) -> None:
    writer.append("b", message(7))
    assert found(database, changes) == {"b"}
    writer.replace("a", [header("a"), message(9)])
    writer.append("d", header("d"))
    assert found(database, changes) == {"a", "d"}
    assert found(database, changes) == set()


def test_rows_that_take_the_place_of_the_newest_are_not_overlooked(
    writer: AgentDatabaseWriter, database: AgentDatabase, changes: DatabaseChanges
) -> None:
    # The newest rows are those of c: what is inserted after they are gone has their rowids.
    writer.connection.execute("DELETE FROM transcript_events WHERE session_id = 'c' AND seq > 2")
    writer.connection.execute("INSERT INTO transcript_events VALUES ('a', 6, '{}', 1, NULL, 2, NULL)")
    assert found(database, changes) is None


def test_a_rewrite_that_ends_as_before_is_told_by_the_watermark(
    writer: AgentDatabaseWriter, database: AgentDatabase, changes: DatabaseChanges
) -> None:
    writer.replace("c", [header("c"), message(99), *map(message, range(1, 5))])
    assert found(database, changes) == {"c"}


def test_a_session_that_is_no_more_is_noticed(
    writer: AgentDatabaseWriter, database: AgentDatabase, changes: DatabaseChanges
) -> None:
    writer.delete("a", reason=None)
    assert found(database, changes) is None


def test_what_an_append_costs_does_not_depend_on_how_much_there_is(
    writer: AgentDatabaseWriter, database: AgentDatabase
) -> None:
    with writer.transaction():
        for number in range(300):
            writer.connection.execute(
                "INSERT INTO session_windows (session_id, session_key, created_at, updated_at) VALUES (?, 'k', 1, 1)",
                [str(number)],
            )
            writer.connection.executemany(
                "INSERT INTO transcript_events VALUES (?, ?, '{}', 1, NULL, 2, NULL)",
                [(str(number), seq) for seq in range(100)],
            )
    changes = DatabaseChanges()
    look(database, changes)
    writer.append("new", header("new"), message(1))
    assert found(database, changes) == {"new"}

    writer.append("new", message(2))
    database.refresh()
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    with database.snapshot() as snapshot:
        snapshot._connection.set_progress_handler(count, STEPS)
        assert changes.recent(snapshot) == {"new"}
        snapshot._connection.set_progress_handler(None, 0)
    assert steps * STEPS < 1000 < 300 * 100
