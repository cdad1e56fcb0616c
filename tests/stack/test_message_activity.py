"""What is summed up of messages equals a plain count over them, whatever happened to them."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg.sql import SQL

from consumers.postgres.activity import QUARTER_MS
from consumers.postgres.rows import BY_NAME
from consumers.postgres.sink import PostgresSink
from infra import migrations
from operations.repair.sums import sum_up
from queries.activity import activity
from queries.filters import Filters
from queries.postgres import connected, fetch_dicts, stored_rows
from queries.spans import Span
from queries.verify.sums import check_sums
from schemas.topics import MESSAGES
from sessiontrack.settings import Settings
from tests.records import message
from tests.stack.test_postgres import at, received

MINUTE_MS = 60_000
BEGIN = at(2026, 1, 31, 23)
# Neither PostgreSQL nor anything else makes less of it.
LONG_NAME = "".join(chr(random.Random(1).randrange(0x20000, 0x2A000)) for _ in range(10_000))
COLUMNS = [column.name for column in BY_NAME["messages"].columns]


@pytest.fixture
async def sink(database_settings: Settings) -> AsyncIterator[PostgresSink]:
    sink = PostgresSink(database_settings)
    yield sink
    await sink.close()


@pytest.fixture
async def repair(database_settings: Settings) -> AsyncIterator[PostgresSink]:
    sink = PostgresSink(database_settings, replace_equal=True)
    yield sink
    await sink.close()


def summed(settings: Settings, *session_ids: str) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    query = SQL("SELECT * FROM message_activity WHERE session_id = ANY(%s)")
    with connected(settings) as connection:
        found = [list(row.values()) for row in fetch_dicts(connection, query, [list(session_ids)])]
    return {tuple(row[:4]): tuple(row[4:]) for row in found}


def counted(settings: Settings, *session_ids: str) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    """The same, by a plain count over what is stored."""
    with connected(settings) as connection:
        rows = [
            dict(zip(COLUMNS, row, strict=True)) for row in stored_rows(connection, BY_NAME["messages"], *session_ids)
        ]
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        if not row["inherited"]:
            names = [(row[name] or "unknown")[:200] if row["model_call"] else "" for name in ("provider", "model")]
            groups[row["timestamp"] // QUARTER_MS * QUARTER_MS, row["session_id"], *names].append(row)
    return {
        key: (
            sum(row["role"] not in {"custom_message", "compaction", "branch_summary"} for row in group),
            sum(row["model_call"] for row in group),
            sum(row["model_call"] and row["is_error"] for row in group),
            sum(row["is_error"] for row in group),
            *(min(sum(row[name] for row in group), 2**63 - 1) for name in ("total_tokens", "cost_nanousd")),
        )
        for key, group in groups.items()
    }


def said(chance: random.Random, session_ids: Sequence[str], **fields: Any) -> dict[str, Any]:
    """A message like no other."""
    found: dict[str, Any] = message(
        message_id=str(uuid4()),
        session_id=chance.choice(session_ids),
        timestamp=BEGIN + chance.randrange(3 * 60 * MINUTE_MS),
    )
    return found | facts(chance) | fields


def facts(chance: random.Random) -> dict[str, Any]:
    """What a message counts for."""
    return {
        "role": chance.choice(["user", "assistant", "toolResult", "custom_message", "compaction"]),
        "inherited": chance.random() < 0.1,
        "model_call": chance.random() < 0.5,
        "is_error": chance.random() < 0.2,
        "provider": chance.choice([None, "", "anthropic"]),
        "model": chance.choice([None, "", "claude-opus-4-5", "claude-haiku-4-5", LONG_NAME]),
        "total_tokens": chance.choice([0, 17, 2**62]),
        "cost_nanousd": chance.randrange(10**9),
    }


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_happens_to_messages(
    sink: PostgresSink, repair: PostgresSink, database_settings: Settings, seed: int
) -> None:
    chance = random.Random(seed)
    session_ids = [str(uuid4()) for _ in range(3)]
    written: list[dict[str, Any]] = []
    for _ in range(30):
        known = chance.sample(written, min(len(written), 5))
        new = [said(chance, session_ids) for _ in range(chance.randrange(1, 9))]
        newer = [each | facts(chance) | {"version": each["version"] + 1} for each in known]
        moved = [each | facts(chance) | {"timestamp": each["timestamp"] + chance.randrange(9**7)} for each in known]
        gone = list(chain.from_iterable(received(MESSAGES, None, key=each["message_id"]) for each in known))
        match chance.choice(["new", "again", "newer", "repair", "removed", "removed and new"]):
            case "new":
                await sink.write(received(MESSAGES, *new))
                written += new
            case "again":
                await sink.write(received(MESSAGES, *new, *known, *new))
                written += new
            case "newer":
                await sink.write(received(MESSAGES, *newer, *known))
                written = [each for each in written if each not in known] + newer
            case "repair":
                await repair.write(received(MESSAGES, *moved))
                written = [each for each in written if each not in known] + moved
            case "removed":
                await sink.write(gone)
                written = [each for each in written if each not in known]
            case _:
                await sink.write([*gone, *received(MESSAGES, *new, *moved)])
                written = [each for each in written if each not in known] + new + moved
        assert summed(database_settings, *session_ids) == counted(database_settings, *session_ids)
    await sink.write(list(chain.from_iterable(received(MESSAGES, None, key=each["message_id"]) for each in written)))
    assert summed(database_settings, *session_ids) == counted(database_settings, *session_ids) == {}


async def test_what_comes_again_is_not_summed_up_again(sink: PostgresSink, database_settings: Settings) -> None:
    session_id = str(uuid4())
    batch = received(MESSAGES, *(said(random.Random(place), [session_id]) for place in range(9)))

    def physical() -> list[Any]:
        query = "SELECT ctid::text, xmin::text FROM message_activity WHERE session_id = %s ORDER BY 1"
        with connected(database_settings) as connection:
            return connection.execute(query, [session_id]).fetchall()

    await sink.write(batch)
    before = physical()
    await sink.write(batch)
    assert physical() == before != []


async def test_who_writes_to_a_session_at_the_same_time_misses_nothing(database_settings: Settings) -> None:
    """A repair beside the worker, or a worker that has lost its partitions and does not know it yet."""
    session_ids = [str(uuid4()) for _ in range(4)]
    sinks = [PostgresSink(database_settings, replace_equal=place == 0) for place in range(4)]
    chance = random.Random(1)
    for _ in range(10):
        # Nothing in common, of which one would wait for the other.
        batches = [[said(chance, session_ids, timestamp=BEGIN) for _ in range(20)] for _ in sinks]
        await asyncio.gather(
            *(sink.write(received(MESSAGES, *batch)) for sink, batch in zip(sinks, batches, strict=True))
        )
        assert summed(database_settings, *session_ids) == counted(database_settings, *session_ids)
    for sink in sinks:
        await sink.close()


async def test_a_name_of_any_length_is_stored_and_its_begin_is_shown(
    sink: PostgresSink, database_settings: Settings
) -> None:
    session_id, time = str(uuid4()), at(2026, 3, 1)
    reply = message(
        message_id=str(uuid4()),
        session_id=session_id,
        timestamp=time,
        role="assistant",
        model_call=True,
        provider=LONG_NAME[::-1],
        model=LONG_NAME,
        total_tokens=5,
    )
    await sink.write(received(MESSAGES, reply))
    with connected(database_settings) as connection:
        [row] = stored_rows(connection, BY_NAME["messages"], session_id)
    assert LONG_NAME in row
    for until in (time + 1, time + QUARTER_MS):
        found = activity(database_settings, Span(Filters(since=time, until=until))).models
        assert [(each["provider"], each["model"], each["total_tokens"]) for each in found] == [
            (LONG_NAME[::-1][:200], LONG_NAME[:200], 5)
        ]


async def test_a_migration_sums_up_what_is_there(sink: PostgresSink, database_settings: Settings) -> None:
    session_id = str(uuid4())
    await sink.write(received(MESSAGES, *(said(random.Random(place), [session_id]) for place in range(50))))
    script = next(Path(migrations.__file__).with_name("versions").glob("0004_*.sql")).read_text("utf-8")
    [fill] = [part for part in script.split(";\n") if part.startswith("INSERT INTO message_activity")]
    with psycopg.connect(database_settings.postgres.dsn) as connection:
        connection.execute("TRUNCATE message_activity")
        connection.execute(fill)
    assert summed(database_settings, session_id) == counted(database_settings, session_id)


async def test_verify_names_sums_that_are_not_those_of_the_messages_and_a_repair_makes_them_anew(
    sink: PostgresSink, database_settings: Settings
) -> None:
    session_id = str(uuid4())
    chance = random.Random(1)
    places = range(4)
    await sink.write(
        received(MESSAGES, *(said(chance, [session_id], timestamp=BEGIN + each * QUARTER_MS) for each in places))
    )

    def differences() -> list[tuple[str, str]]:
        with connected(database_settings) as connection:
            check = check_sums(connection, session_id)
            assert check.stored + sum(each.kind != "surplus" for each in check.differences) == check.expected
            whole = check_sums(connection)
        assert set(check.differences) <= set(whole.differences)
        return [(each.kind, each.record_id.split("/")[0]) for each in check.differences]

    assert differences() == []
    quarters = sorted({key[0] for key in summed(database_settings, session_id)})
    with psycopg.connect(database_settings.postgres.dsn) as connection:
        for statement in (
            "UPDATE message_activity SET errors = errors + 1 WHERE session_id = %s AND quarter = %s",
            "DELETE FROM message_activity WHERE session_id = %s AND quarter = %s",
            "UPDATE message_activity SET model = model || '!' WHERE session_id = %s AND quarter = %s",
        ):
            connection.execute(statement, [session_id, datetime.fromtimestamp(quarters.pop() / 1000, UTC)])
    assert [kind for kind, _ in differences()] == ["altered", "missing", "missing", "surplus"]
    await sum_up(database_settings, [session_id])
    assert differences() == []
    assert summed(database_settings, session_id) == counted(database_settings, session_id)
