from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from consumers.postgres.activity import ACTIVITY
from consumers.postgres.batch import project
from consumers.postgres.rows import BY_NAME, TABLES, Relation
from consumers.postgres.sink import PostgresSink
from consumers.sink import Partition, Received
from infra.migrations import upgrade
from infra.migrations.partitions import ensure_partitions
from queries.postgres import connected, stored_rows
from schemas.topics import BY_NAME as BY_TOPIC
from schemas.topics import EVENTS, MESSAGES, SESSIONS, TOOL_CALLS, Topic
from sessiontrack.errors import TerminalError, TransientError
from sessiontrack.settings import Settings
from streams.derive import derive
from tests.records import event, message, payload, session, tool_call
from tests.unit.streams.events import call, reply, user

MODEL = dict.fromkeys(
    (
        "calls",
        "errors",
        "input_tokens",
        "output_tokens",
        "cache_read_tokens",
        "cache_write_tokens",
        "total_tokens",
        "cost_nanousd",
    ),
    2**40,
)
CATALOG = """
SELECT attname, format_type(atttypid, NULL), collname, NOT attnotnull, col_description(attrelid, attnum)
FROM pg_attribute LEFT JOIN pg_collation ON pg_collation.oid = attcollation
WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped
ORDER BY attnum
"""
PRIMARY_KEY = """
SELECT array_agg(attname::text ORDER BY place) FROM pg_index, unnest(indkey) WITH ORDINALITY AS key (number, place)
JOIN pg_attribute ON attnum = number WHERE indrelid = %(table)s::regclass AND attrelid = indrelid AND indisprimary
"""
SPELLED = {"int8": "bigint", "int4": "integer", "bool": "boolean", "timestamptz": "timestamp with time zone"}


def at(*moment: int) -> int:
    return int(datetime(*moment, tzinfo=UTC).timestamp() * 1000)  # type: ignore[misc,arg-type]


def received(topic: Topic, *records: Any, key: str = "") -> list[Received]:
    return [
        Received(Partition(topic.name, 3), offset, 0, b"", b"", (), project(topic.name, key.encode(), record))
        for offset, record in enumerate(records)
    ]


def stored(settings: Settings, table: str, session_id: str) -> list[tuple[Any, ...]]:
    with connected(settings) as connection:
        return list(stored_rows(connection, BY_NAME[table], session_id))


def values(settings: Settings, table: str, session_id: str, column: str) -> list[Any]:
    place = [each.name for each in BY_NAME[table].columns].index(column)
    return [row[place] for row in stored(settings, table, session_id)]


def partition_of(settings: Settings, table: str, session_id: str) -> list[str]:
    with connected(settings) as connection:
        query = f"SELECT tableoid::regclass::text FROM {table} WHERE session_id = %s ORDER BY 1"
        return [name for (name,) in connection.execute(query, [session_id])]


def sink_backends(settings: Settings) -> set[int]:
    with psycopg.connect(settings.postgres.dsn) as connection:
        query = "SELECT pid FROM pg_stat_activity WHERE application_name = 'sessiontrack-postgres'"
        return {pid for (pid,) in connection.execute(query)}


@pytest.fixture
async def sink(database_settings: Settings) -> AsyncIterator[PostgresSink]:
    sink = PostgresSink(database_settings)
    await sink.open()
    yield sink
    await sink.close()


@pytest.fixture
def session_id() -> str:
    """Of the test's own, so that tests do not see one another's rows."""
    return str(uuid4())


@pytest.mark.parametrize("table", [*TABLES, ACTIVITY], ids=lambda table: table.name)
def test_migrations_make_the_tables_that_the_sink_writes(database_settings: Settings, table: Relation) -> None:
    with psycopg.connect(database_settings.postgres.dsn) as connection:
        columns = connection.execute(CATALOG, [table.name]).fetchall()
        [(key,)] = connection.execute(PRIMARY_KEY, {"table": table.name}).fetchall()
        [(comment,)] = connection.execute("SELECT obj_description(%s::regclass)", [table.name]).fetchall()
    assert columns == [
        (
            column.name,
            SPELLED.get(column.type, column.type),
            "C" if column.type == "text" else None,
            column.nullable,
            column.comment,
        )
        for column in table.columns
    ]
    assert key == list(table.primary_key)
    assert comment == table.comment


def test_an_upgrade_repeated_changes_nothing(database_settings: Settings) -> None:
    query = "SELECT oid, relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace ORDER BY oid"

    def tables() -> list[Any]:
        with psycopg.connect(database_settings.postgres.dsn) as connection:
            return connection.execute(query).fetchall()

    before = tables()
    upgrade(database_settings)
    assert tables() == before


async def test_what_is_stored_equals_what_was_projected(
    sink: PostgresSink, database_settings: Settings, session_id: str
) -> None:
    ids = {"session_id": session_id, "agent_id": "main"}
    label = payload(label={"target_id": "a", "label": "Größe ✓ \t\n \x01"})
    usage = [{"provider": "anthropic", "model": name} | MODEL for name in ("claude-opus-4-5", "claude-haiku-4-5")]
    records = {
        EVENTS.name: event(
            **ids, event_id=str(uuid4()), kind="LABEL", payload=label, occurred_at=1, chain=bytes(32), line_number=2**40
        ),
        SESSIONS.name: session(**ids, created_at=253402300799999, models_used=usage, messages_by_role={"user": 2}),
        MESSAGES.name: message(
            **ids, message_id=str(uuid4()), timestamp=at(2026, 1, 2), text="日本", tools_used=["a", ""]
        ),
        TOOL_CALLS.name: tool_call(**ids, tool_call_id=str(uuid4()), exit_code=-1, arguments='{"path":"/tmp/ä"}'),
    }
    await sink.write([each for name, record in records.items() for each in received(BY_TOPIC[name], record)])
    for table in TABLES:
        assert stored(database_settings, table.name, session_id) == sorted(table.rows(records[table.topic.name]))


async def test_a_batch_that_comes_again_changes_nothing(
    sink: PostgresSink, database_settings: Settings, session_id: str
) -> None:
    batch = [
        *received(EVENTS, *(event(event_id=str(uuid4()), session_id=session_id) for _ in range(5))),
        *received(MESSAGES, *(message(message_id=str(uuid4()), session_id=session_id) for _ in range(5))),
        *received(SESSIONS, session(session_id=session_id, models_used=[{"provider": "p", "model": "m"} | MODEL])),
    ]

    def physical() -> list[Any]:
        with connected(database_settings) as connection:
            return [
                connection.execute(
                    f"SELECT tableoid, ctid::text, xmin::text FROM {table.name} WHERE session_id = %s ORDER BY 1, 2",
                    [session_id],
                ).fetchall()
                for table in TABLES
            ]

    offsets = await sink.write(batch)
    assert offsets == {Partition(EVENTS.name, 3): 5, Partition(MESSAGES.name, 3): 5, Partition(SESSIONS.name, 3): 1}
    before = physical()
    assert await sink.write(batch) == offsets
    assert await sink.write(batch[3:8]) == {Partition(EVENTS.name, 3): 5, Partition(MESSAGES.name, 3): 3}
    assert physical() == before


async def test_the_first_capture_of_an_event_wins_also_where_its_time_differs(
    sink: PostgresSink, database_settings: Settings, session_id: str
) -> None:
    fact = event(kind="CONTEXT", event_id=str(uuid4()), session_id=session_id, occurred_at=at(2026, 1, 1))
    await sink.write(received(EVENTS, fact))
    await sink.write(received(EVENTS, fact | {"occurred_at": at(2026, 3, 1)}))
    assert values(database_settings, "events", session_id, "occurred_at") == [at(2026, 1, 1)]


@pytest.mark.parametrize("versions", [(1, 2, 3), (3, 2, 1), (2, 3, 1)], ids=str)
@pytest.mark.parametrize("together", [True, False], ids=["in one batch", "one by one"])
async def test_the_newest_version_stands_whatever_the_order(
    sink: PostgresSink, database_settings: Settings, session_id: str, versions: Sequence[int], together: bool
) -> None:
    usage = [{"provider": "p", "model": name} | MODEL for name in ("a", "b", "c")]
    records = [
        session(session_id=session_id, version=version, models_used=usage[:version], total_tokens=version)
        for version in versions
    ]
    for batch in [records] if together else [[record] for record in records]:
        await sink.write(received(SESSIONS, *batch))
    assert values(database_settings, "sessions", session_id, "total_tokens") == [3]
    assert values(database_settings, "model_usage", session_id, "model") == ["a", "b", "c"]
    assert values(database_settings, "model_usage", session_id, "version") == [3, 3, 3]


async def test_a_row_of_the_same_version_stays(
    sink: PostgresSink, database_settings: Settings, session_id: str
) -> None:
    for model in ("first", "again"):
        usage = [{"provider": "p", "model": model} | MODEL]
        await sink.write(received(SESSIONS, session(session_id=session_id, title=model, models_used=usage)))
    assert values(database_settings, "sessions", session_id, "title") == ["first"]
    assert values(database_settings, "model_usage", session_id, "model") == ["first"]


async def test_two_workers_at_once_leave_the_newest_version_once(database_settings: Settings, session_id: str) -> None:
    """A worker that lost its partitions may still be writing when the new owner begins."""
    fact = event(event_id=str(uuid4()), session_id=session_id, chain=bytes(32))
    usage = [{"provider": "p", "model": name} | MODEL for name in ("a", "b", "c", "d")]
    sessions = [session(session_id=session_id, version=n, models_used=usage[:n], total_tokens=n) for n in (1, 2, 3, 4)]
    sinks = [PostgresSink(database_settings) for _ in range(4)]
    for _ in range(5):
        batches = [received(SESSIONS, each) + received(EVENTS, fact) for each in sessions]
        await asyncio.gather(*(sink.write(batch) for sink, batch in zip(sinks, batches, strict=True)))
    for sink in sinks:
        await sink.close()
    assert values(database_settings, "sessions", session_id, "total_tokens") == [4]
    assert values(database_settings, "model_usage", session_id, "model") == ["a", "b", "c", "d"]
    assert len(stored(database_settings, "events", session_id)) == 1


@pytest.mark.parametrize("versions", [(1, 2), (2, 1)], ids=["in order", "out of order"])
async def test_a_tool_call_that_moves_to_another_month_stays_one_row(
    sink: PostgresSink, database_settings: Settings, session_id: str, versions: Sequence[int]
) -> None:
    tool_call_id = str(uuid4())
    started = {1: at(2026, 2, 1), 2: at(2026, 1, 31, 23, 59)}
    for version in versions:
        call = tool_call(tool_call_id=tool_call_id, session_id=session_id, version=version, started_at=started[version])
        await sink.write(received(TOOL_CALLS, call))
    assert values(database_settings, "tool_calls", session_id, "started_at") == [started[2]]


async def test_a_tombstone_removes_the_row(sink: PostgresSink, database_settings: Settings, session_id: str) -> None:
    kept, gone = (message(message_id=str(uuid4()), session_id=session_id, version=9) for _ in range(2))
    usage = [{"provider": "p", "model": "m"} | MODEL]
    await sink.write(
        received(MESSAGES, kept, gone) + received(SESSIONS, session(session_id=session_id, models_used=usage))
    )
    await sink.write(received(MESSAGES, None, key=gone["message_id"]) + received(SESSIONS, None, key=session_id))
    assert values(database_settings, "messages", session_id, "message_id") == [kept["message_id"]]
    assert stored(database_settings, "sessions", session_id) == []
    assert stored(database_settings, "model_usage", session_id) == []


async def test_rows_stand_in_the_partition_of_their_month_or_in_the_default_one(
    sink: PostgresSink, database_settings: Settings, session_id: str
) -> None:
    times = [0, at(2024, 12, 31, 23, 59), at(2025, 1, 1), at(2026, 1, 31, 23, 59), at(2026, 2, 1), at(9999, 12, 31)]
    await sink.write(
        received(EVENTS, *(event(event_id=str(uuid4()), session_id=session_id, occurred_at=time) for time in times))
    )
    assert Counter(partition_of(database_settings, "events", session_id)) == {
        "events_default": 3,
        "events_2025_01": 1,
        "events_2026_01": 1,
        "events_2026_02": 1,
    }


async def test_rows_move_out_of_the_default_partition_when_their_month_gets_one(
    sink: PostgresSink, database_settings: Settings, session_id: str
) -> None:
    later = message(message_id=str(uuid4()), session_id=session_id, timestamp=at(2031, 5, 31, 23, 59), text="kept")
    await sink.write(received(MESSAGES, later))
    assert partition_of(database_settings, "messages", session_id) == ["messages_default"]
    with psycopg.connect(database_settings.postgres.dsn, autocommit=True) as connection:
        made = ensure_partitions(connection, at(2031, 2, 1))
        assert "messages_2031_05" in made
        assert ensure_partitions(connection, at(2031, 2, 1)) == []
    assert partition_of(database_settings, "messages", session_id) == ["messages_2031_05"]
    assert values(database_settings, "messages", session_id, "text") == ["kept"]
    await sink.write(received(MESSAGES, later))
    assert len(stored(database_settings, "messages", session_id)) == 1


@pytest.mark.parametrize(
    "poison",
    [
        {"text": "before\x00after"},
        {"text": "\ud800"},
        {"tools_used": ["\x00"]},
        {"timestamp": 2**62},
        {"message_id": "no uuid"},
        {"session_id": "".join(str(uuid4()) for _ in range(400))},
    ],
    ids=["NUL", "lone surrogate", "NUL in JSON", "time out of range", "no id", "key too long for an index"],
)
async def test_a_record_that_cannot_be_stored_is_refused_alone(
    sink: PostgresSink, database_settings: Settings, session_id: str, poison: dict[str, Any]
) -> None:
    good = [message(message_id=str(uuid4()), session_id=session_id) for _ in range(2)]
    bad = message(message_id=str(uuid4()), session_id=session_id) | poison
    with pytest.raises(TerminalError) as refused:  # while it is projected, or by the server
        await sink.write(received(MESSAGES, good[0], bad, good[1]))
    assert "before" not in str(refused.value)
    assert stored(database_settings, "messages", session_id) == []
    await sink.write(received(MESSAGES, *good))
    assert len(stored(database_settings, "messages", session_id)) == 2


async def test_a_session_with_endless_names_is_stored_with_all_that_is_its(
    sink: PostgresSink, database_settings: Settings, session_id: str
) -> None:
    # Neither PostgreSQL nor anything else makes less of it.
    endless = "".join(chr(random.Random(1).randrange(0x20000, 0x2A000)) for _ in range(10_000))
    fields: dict[str, Any] = {"session_id": session_id, "agent_id": endless}
    derived = derive([user("1", **fields), reply("2", 1_000, call("c", endless), model=endless, **fields)])
    for topic, records in (
        (SESSIONS, derived.sessions),
        (MESSAGES, derived.messages),
        (TOOL_CALLS, derived.tool_calls),
    ):
        await sink.write(received(topic, *records.values()))
    counts = {table: len(stored(database_settings, table, session_id)) for table in BY_NAME}
    assert counts == {"events": 0, "sessions": 1, "model_usage": 1, "messages": 2, "tool_calls": 1}


async def test_a_connection_that_breaks_is_made_again(database_settings: Settings, session_id: str) -> None:
    batch = received(MESSAGES, message(message_id=str(uuid4()), session_id=session_id))
    sink = PostgresSink(database_settings)
    others = sink_backends(database_settings)
    await sink.open()
    with psycopg.connect(database_settings.postgres.dsn) as connection:
        own = sink_backends(database_settings) - others
        connection.execute("SELECT pg_terminate_backend(pid, 5000) FROM unnest(%s::int[]) AS pid", [list(own)])
    with pytest.raises(TransientError):
        await sink.write(batch)
    await sink.write(batch)
    assert len(stored(database_settings, "messages", session_id)) == 1
    await sink.close()


async def test_a_missing_database_is_no_fault_of_the_records(database_settings: Settings) -> None:
    nowhere = database_settings.postgres.model_copy(update={"database": "missing"})
    with pytest.raises(TransientError):
        await PostgresSink(database_settings.model_copy(update={"postgres": nowhere})).open()
