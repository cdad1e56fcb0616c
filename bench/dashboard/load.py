"""Puts the corpus of `bench.search` into PostgreSQL as well, by the sink itself: what the overview is made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from hashlib import sha256
from itertools import groupby, islice
from typing import Any

import psycopg
from psycopg.sql import SQL, Identifier

from bench.search.corpus import Corpus, Made
from consumers.postgres.activity import ACTIVITY
from consumers.postgres.batch import project
from consumers.postgres.rows import TABLES
from consumers.postgres.sink import PostgresSink
from consumers.sink import Partition, Received
from infra.migrations import upgrade
from schemas.avro import load_schema
from schemas.topics import EVENTS, MESSAGES, SESSIONS, TOOL_CALLS, Topic
from sessiontrack.identity import event_id, tool_call_id
from sessiontrack.settings import Settings

Record = dict[str, Any]

_FAMILY = "bench"
_SESSIONS_A_BATCH = 50
# What a line has beside its text, bytes.
_LINE_OVERHEAD = 400
_FIRST_MS = 150


async def load(settings: Settings, corpus: Corpus, progress: Callable[[str], None]) -> None:
    """Fills the tables, whatever they held before."""
    upgrade(settings)
    with psycopg.connect(settings.postgres.dsn, autocommit=True) as connection:
        names = [Identifier(table.name) for table in (*TABLES, ACTIVITY)]
        connection.execute(SQL("TRUNCATE {}").format(SQL(", ").join(names)))
    sink = PostgresSink(settings)
    await sink.open()
    try:
        sessions, number = _sessions(corpus), 0
        while batch := [each for made in islice(sessions, _SESSIONS_A_BATCH) for each in _received(made, corpus)]:
            await sink.write(batch)
            number += _SESSIONS_A_BATCH
            if number % 1_000 == 0:
                progress(f"{number:,} sessions in PostgreSQL")
    finally:
        await sink.close()
    with psycopg.connect(settings.postgres.dsn, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


def _sessions(corpus: Corpus) -> Iterator[list[Record]]:
    for _, made in groupby(corpus.made(), lambda each: each.message["session_id"]):
        yield [_message(each) for each in made]


def _received(messages: list[Record], corpus: Corpus) -> Iterator[Received]:
    """All that a session comes to, as the sink takes it."""
    number = int(messages[0]["session_id"].rpartition("-")[2])
    records = [
        *((EVENTS, event) for event in _events(messages)),
        *((MESSAGES, message) for message in messages),
        *((TOOL_CALLS, _tool_call(message)) for message in messages if message["role"] == "toolResult"),
        (SESSIONS, _session(messages, corpus.title(number))),
    ]
    for topic, record in records:
        yield Received(Partition(topic.name, 0), 0, 0, b"", b"", (), project(topic.name, b"", record))


def _message(made: Made) -> Record:
    return _blank(MESSAGES) | made.message


def _events(messages: list[Record]) -> Iterator[Record]:
    offset, chain = 0, bytes(32)
    for message in messages:
        previous, chain = chain, sha256(chain + message["message_id"].encode()).digest()
        yield _blank(EVENTS) | {
            "event_id": event_id(_FAMILY, message["session_id"], chain),
            "kind": "MESSAGE",
            "entry_type": "message",
            "family": _FAMILY,
            "session_id": message["session_id"],
            "agent_id": message["agent_id"],
            "occurred_at": message["timestamp"],
            "captured_at": message["timestamp"],
            "chain": chain,
            "previous_chain": previous,
            "entry_id": message["entry_id"],
            "line_number": message["line_number"],
            "byte_offset": offset,
        }
        offset += len(message["text"]) + _LINE_OVERHEAD


def _tool_call(message: Record) -> Record:
    taken = _FIRST_MS + len(message["text"])
    call_id = f"call-{message['line_number']}"
    shared = {name: message[name] for name in ("session_id", "version", "agent_id", "channel", "project")}
    return (
        _blank(TOOL_CALLS)
        | shared
        | {
            "tool_call_id": tool_call_id(_FAMILY, message["session_id"], call_id, 0),
            "call_id": call_id,
            "name": message["tools_used"][0],
            "outcome": "failed" if message["is_error"] else "succeeded",
            "started_at": message["timestamp"] - taken,
            "ended_at": message["timestamp"],
            "duration_ms": taken,
            "result_entry_id": message["entry_id"],
        }
    )


def _session(messages: list[Record], title: str) -> Record:
    first, calls = messages[0], [each for each in messages if each["model_call"]]
    shared = {name: first[name] for name in ("session_id", "version", "agent_id", "channel", "project")}
    spent = {name: sum(each[name] for each in messages) for name in ("total_tokens", "cost_nanousd")}
    return (
        _blank(SESSIONS)
        | shared
        | spent
        | {
            "family": _FAMILY,
            "title": title,
            "created_at": first["timestamp"],
            "last_activity_at": messages[-1]["timestamp"],
            "models_used": [_model_usage(calls) | spent] if calls else [],
            "message_count": len(messages),
            "messages_by_role": dict(Counter(each["role"] for each in messages)),
            "tool_invocations": list(_tool_usage(messages)),
            "error_count": sum(each["is_error"] for each in messages),
            "entry_count": len(messages),
        }
    )


def _model_usage(calls: list[Record]) -> Record:
    unknown = ("errors", "input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")
    named = {"provider": calls[0]["provider"], "model": calls[0]["model"], "calls": len(calls)}
    return dict.fromkeys(unknown, 0) | named


def _tool_usage(messages: list[Record]) -> Iterator[Record]:
    results = [each for each in messages if each["role"] == "toolResult"]
    for name in sorted({each["tools_used"][0] for each in results}):
        failures = [each["is_error"] for each in results if each["tools_used"][0] == name]
        failed = sum(failures)
        calls = len(failures)
        yield {"name": name, "calls": calls, "succeeded": calls - failed, "failed": failed, "pending": 0}


def _blank(topic: Topic) -> Record:
    """A record of which nothing is known."""
    return {field["name"]: _nothing(field["type"]) for field in load_schema(topic.schema)["fields"]}


def _nothing(schema: Any) -> Any:
    if isinstance(schema, list):
        return None
    kind = schema["type"] if isinstance(schema, dict) else schema
    match kind:
        case "long" | "int":
            return 0
        case "boolean":
            return False
        case "array":
            return []
        case "map" | "record":
            return {}
    return ""
