"""A folder of transcripts goes in; it is kept exactly, counted rightly, once, and any damage is named."""

from __future__ import annotations

import asyncio
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from aiokafka import TopicPartition

from bench.corpus import generate
from infra.workers import PIPELINE
from queries.archive import partition_of
from queries.export import export, generations
from queries.lag import LogPositions
from queries.log import read_partition
from queries.opensearch import fetch_documents
from queries.postgres import connected, stored_rows
from queries.sessions import fetch_session
from schemas.codec import Decoder
from schemas.registry import SchemaRegistry
from schemas.topics import SESSIONS
from tests.samples import CASES, FACTS, JSONL, SQLITE, expected_facts, facts_in, state_folder
from tests.stack.pipeline import Pipeline, differences
from tests.stack.waiting import reaped, until

# Events of about as many sessions as a busy month has: enough for every worker to be killed in the middle.
KILL_SESSIONS = 190


def transcripts(state: Path) -> list[Path]:
    """The transcripts in a state folder of samples."""
    found = (state / "agents" / "main" / "sessions").glob("*.jsonl*")
    return [path for path in found if path.name.split(".jsonl")[0][-36:] in {**FACTS[JSONL[0]], **FACTS[JSONL[1]]}]


@pytest.fixture(scope="module")
def samples(pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The state folders of the samples, captured, all of it in the stores."""
    folders = {name: state_folder(name, tmp_path_factory.mktemp("sample")) for name in JSONL + SQLITE}
    for folder in folders.values():
        pipeline.capture(folder)
    assert not differences(pipeline.verify())
    return folders


def exports(pipeline: Pipeline, session_id: str) -> dict[str, str]:
    """SHA-256 of every generation of a session, by head."""
    return {
        generation.chain.hex(): sha256(b"".join(export(pipeline.settings, session_id, generation.number))).hexdigest()
        for generation in generations(pipeline.settings, session_id)
    }


@pytest.mark.parametrize("folder", JSONL)
def test_every_generation_is_given_back_byte_for_byte(
    folder: str, pipeline: Pipeline, samples: dict[str, Path]
) -> None:
    files = transcripts(samples[folder])
    assert len(files) >= len(FACTS[folder])
    for path in files:
        session_id = path.name.split(".jsonl")[0][-36:]
        assert sha256(path.read_bytes()).hexdigest() in exports(pipeline, session_id).values(), path.name


def test_the_command_exports_what_the_file_holds(pipeline: Pipeline, samples: dict[str, Path], tmp_path: Path) -> None:
    path = next(path for path in transcripts(samples[JSONL[0]]) if path.suffix == ".jsonl")
    done = pipeline.run("export", path.stem, "--output", tmp_path / "exported")
    assert done.returncode == 0, done.stderr.decode()
    assert (tmp_path / "exported").read_bytes() == path.read_bytes()


@pytest.mark.parametrize(("folder", "session_id"), CASES)
def test_facts_are_the_same_everywhere(
    folder: str, session_id: str, pipeline: Pipeline, samples: dict[str, Path]
) -> None:
    expected = expected_facts(folder, session_id)
    assert facts_in(asyncio.run(latest_session(pipeline, session_id)), expected) == expected
    with connected(pipeline.settings) as connection:
        assert facts_in(fetch_session(connection, session_id), expected) == expected
    document = next(found.source for found in fetch_documents(pipeline.settings, "sessions", session_id))
    assert facts_of_document(document) == facts_of_expectation(expected)


async def latest_session(pipeline: Pipeline, session_id: str) -> Any:
    """The last record of a session on its topic."""
    registry = SchemaRegistry(pipeline.settings.registry.url)
    decoder = Decoder(SESSIONS.schema, registry.schema)
    partition = TopicPartition(SESSIONS.name, partition_of(session_id))
    async with LogPositions(pipeline.settings) as positions:
        end = (await positions.ends([SESSIONS]))[partition]
    latest = None
    async for batch in read_partition(pipeline.settings.kafka, partition, 0, end):
        for record in batch:
            latest = record.value if record.key == session_id.encode() else latest
    assert latest is not None
    record = decoder.decode(latest)
    registry.close()
    return record


def facts_of_document(document: dict[str, Any]) -> dict[str, Any]:
    """Of a session's document what the expectation speaks of."""
    names = ("total_tokens", "cost_nanousd", "message_count", "error_count", "tool_calls_failed", "models_used")
    optional = ("closed_reason", "closed_at", "channel", "parent_session_id")
    return {name: document[name] for name in names} | {name: document.get(name) for name in optional}


def facts_of_expectation(expected: dict[str, Any]) -> dict[str, Any]:
    """The same of an expectation."""
    same = ("total_tokens", "cost_nanousd", "message_count", "error_count", "closed_reason", "closed_at", "channel")
    names = (*same, "parent_session_id")
    return {name: expected[name] for name in names} | {
        "tool_calls_failed": sum(tool["failed"] for tool in expected["tool_invocations"]),
        "models_used": [f"{usage['provider']}/{usage['model']}" for usage in expected["models_used"]],
    }


def contents(pipeline: Pipeline, session_id: str) -> dict[str, Any]:
    """All that the stores hold of a session."""
    from consumers.postgres.rows import TABLES

    with connected(pipeline.settings) as connection:
        rows = {table.name: list(stored_rows(connection, table, session_id)) for table in TABLES}
    documents = {
        dataset: sorted(fetch_documents(pipeline.settings, dataset, session_id), key=lambda each: each.id)
        for dataset in ("sessions", "messages", "tool-calls")
    }
    return {"rows": rows, "documents": documents, "exports": exports(pipeline, session_id)}


def test_capturing_again_from_another_folder_changes_nothing(pipeline: Pipeline, tmp_path: Path) -> None:
    corpus = generate(tmp_path / "first", 6, seed=11)
    session_ids = [session.session_id for session in corpus.sessions]
    pipeline.capture(tmp_path / "first")
    assert not differences(pipeline.verify())
    before = {session_id: contents(pipeline, session_id) for session_id in session_ids}

    (tmp_path / "first").rename(tmp_path / "elsewhere")
    pipeline.forget_checkpoints()
    again = pipeline.capture(tmp_path / "elsewhere")

    assert again["lines"] == corpus.lines
    report = pipeline.verify()
    assert not differences(report)
    assert report.repeats >= corpus.lines
    for session_id in session_ids:
        assert contents(pipeline, session_id) == before[session_id]


def test_workers_killed_in_the_middle_lose_and_double_nothing(pipeline: Pipeline, tmp_path: Path) -> None:
    corpus = generate(tmp_path / "state", KILL_SESSIONS, seed=5)
    assert corpus.lines > 4_500
    asyncio.run(kill_each_in_the_middle(pipeline, tmp_path / "state"))
    summary = pipeline.capture(tmp_path / "state")
    assert summary["sessions"] == KILL_SESSIONS

    report = pipeline.verify()
    assert not differences(report)
    stored = {row["session_id"] for row in pipeline.json("sessions", "--limit", "100000")["sessions"]}
    assert {session.session_id for session in corpus.sessions} <= stored


async def kill_each_in_the_middle(pipeline: Pipeline, state: Path) -> None:
    """Imports, and kills each worker as soon as it has committed something of the import; the import at the end."""
    async with LogPositions(pipeline.settings) as positions:
        before = {name: (await positions.group(name)).committed for name in PIPELINE}
        living = set(PIPELINE)

        async def all_were_killed() -> bool:
            for name in sorted(living):
                if (await positions.group(name)).committed != before[name]:
                    await asyncio.to_thread(pipeline.kill_worker, name)
                    living.discard(name)
            return not living

        with reaped(pipeline.start("capture", "--root", state, "--once")):
            await until(all_were_killed, "something of the import, committed by each worker")
