"""The worker `embed` on a real broker: with the local model, and with Gemini's client against a server that fails."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from schemas.topics import CHUNKS, DEAD_LETTERS, MESSAGES, SESSION_VECTORS
from schemas.vectors import decode_vector, space_slug
from sessiontrack.settings import Settings
from tests.records import message
from tests.stack.embedding import Worker, gemini
from tests.stack.streaming import Log
from tests.stack.waiting import ended, until
from tests.unit.sessiontrack.providers.model_server import DIMENSIONS, ModelServer, google_error, serve_models

pytestmark = pytest.mark.timeout(300)

LOCAL = "all-minilm-l6-v2@384"
GEMINI = f"gemini-embedding-001@{DIMENSIONS}"
TALK = (
    ("user", "How often do we copy the photos to the second disk?"),
    ("assistant", "On Fridays, after the cellar is locked."),
    ("user", "And the tomatoes, do they want more water?"),
    ("assistant", "Only in the evening."),
)


@pytest.fixture
def log(stack_settings: Settings) -> Iterator[Log]:
    log = Log(stack_settings)
    yield log
    asyncio.run(log.close())


@pytest.fixture
def worker(log: Log, tmp_path: Path) -> Iterator[Worker]:
    with (tmp_path / "worker.log").open("ab") as output:
        worker = Worker(log, tmp_path, output)
        yield worker
        if worker.process and worker.process.poll() is None:
            worker.process.kill()
            worker.process.wait()


@pytest.fixture
def models() -> Iterator[ModelServer]:
    with serve_models() as server:
        yield server


def talk(session_id: str, *, turns: int = 1) -> list[Any]:
    """Messages of a session."""
    return [
        message(
            message_id=f"{session_id}-{turn}-{place}",
            session_id=session_id,
            entry_id=f"{turn}-{place}",
            role=role,
            text=text if turns == 1 else f"{text} It is asked for the {turn}th time in {session_id}.",
            timestamp=1_773_316_800_000 + 1_000 * (turn * len(TALK) + place),
            channel="telegram",
        )
        for turn in range(turns)
        for place, (role, text) in enumerate(TALK)
    ]


async def embedded(log: Log, space: str) -> None:
    await log.processed(MESSAGES, f"embed.{space_slug(space)}")


def vectors(chunks: Mapping[str, Any]) -> dict[str, Any]:
    return {chunk["message_id"]: np.array(decode_vector(chunk["vector"])) for chunk in chunks.values()}


async def test_messages_are_embedded_with_what_was_said_before(log: Log, worker: Worker) -> None:
    process = worker.start()
    await log.append_messages(talk("s"))
    await embedded(log, LOCAL)

    chunks = await log.last(CHUNKS)
    assert {chunk["text"] for chunk in chunks.values()} == {text for _, text in TALK}
    assert {chunk["space"] for chunk in chunks.values()} == {LOCAL}
    found = vectors(chunks)
    # Neither says what it is about: the turn before does.
    fridays, evening, photos = found["s-0-1"], found["s-0-3"], found["s-0-0"]
    assert photos @ fridays > photos @ evening
    [session] = (await log.last(SESSION_VECTORS)).values()
    assert (session["messages"], session["dimensions"], len(session["vector"])) == (4, 384, 768)

    process.send_signal(signal.SIGTERM)
    assert await ended(process) == 0


async def test_a_worker_that_is_killed_in_the_middle_comes_to_the_same(log: Log, worker: Worker) -> None:
    said = [each for number in range(6) for each in talk(f"s{number}", turns=8)]
    await log.append_messages(said)

    async def has_published() -> bool:
        return await log.length(CHUNKS) > 0

    process = worker.start()
    await until(has_published, "chunks of a worker that is then killed")
    process.kill()
    await ended(process)
    worker.start()
    await embedded(log, LOCAL)

    chunks = await log.last(CHUNKS)
    assert sorted(chunk["message_id"] for chunk in chunks.values()) == sorted(each["message_id"] for each in said)
    for session in (await log.last(SESSION_VECTORS)).values():
        of_session = [each for each in chunks.values() if each["session_id"] == session["session_id"]]
        assert session["messages"] == len(of_session) == 32
        total = np.sum([decode_vector(each["vector"]) for each in of_session], axis=0)
        assert np.array(decode_vector(session["vector"])) @ total / np.linalg.norm(total) == pytest.approx(1, abs=1e-3)


async def test_a_worker_ends_in_order_while_it_embeds_or_waits(log: Log, worker: Worker, models: ModelServer) -> None:
    # An answer that does not come.
    models.answers.append(None)
    await log.append_messages(talk("s"))
    process = worker.start(**gemini(models))

    async def is_asked() -> bool:
        return bool(models.calls)

    await until(is_asked, "a call to the provider")
    process.send_signal(signal.SIGTERM)
    assert await ended(process) == 0
    assert await log.committed(MESSAGES, f"embed.{space_slug(GEMINI)}") == 0


@pytest.mark.parametrize("trouble", ["outage", "quota", "key"])
async def test_what_time_or_a_person_heals_is_waited_for_and_all_is_embedded_afterwards(
    trouble: str, log: Log, worker: Worker, models: ModelServer
) -> None:
    refusals: Mapping[str, Callable[[], Any]] = {
        "outage": lambda: google_error(503, "UNAVAILABLE"),
        "quota": lambda: google_error(429, "RESOURCE_EXHAUSTED"),
        "key": lambda: google_error(403, "PERMISSION_DENIED"),
    }
    healed = False
    models.intercept = lambda body: None if healed else refusals[trouble]()
    await log.append_messages(talk("s"))
    worker.start(**gemini(models))

    await worker.waits_for("gemini")
    assert await log.length(DEAD_LETTERS) == 0
    assert await log.committed(MESSAGES, f"embed.{space_slug(GEMINI)}") == 0

    healed = True
    await embedded(log, GEMINI)
    assert len(await log.last(CHUNKS)) == len(TALK)
    assert await log.length(DEAD_LETTERS) == 0


async def test_a_text_that_the_provider_refuses_is_set_aside_alone(
    log: Log, worker: Worker, models: ModelServer
) -> None:
    def refuse_poison(body: Mapping[str, Any]) -> Any:
        return google_error(400, "INVALID_ARGUMENT") if "poison" in json.dumps(body) else None

    models.intercept = refuse_poison
    good, bad = talk("s"), message(message_id="bad", session_id="t", text="poison", timestamp=1)
    await log.append_messages([*good, bad])
    worker.start(**gemini(models))
    await embedded(log, GEMINI)

    assert {chunk["session_id"] for chunk in (await log.last(CHUNKS)).values()} == {"s"}
    [letter] = await log.read(DEAD_LETTERS)
    assert (letter["stage"], letter["group"]) == ("embed", f"{log.namespace}.embed.{space_slug(GEMINI)}")
