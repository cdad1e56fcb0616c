"""What messages come to: chunks, and the vectors of their sessions."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.codec import CodecError
from schemas.topics import CHUNKS
from schemas.vectors import decode_vector
from sessiontrack.errors import ConfigurationError, TransientError
from sessiontrack.identity import chunk_id
from sessiontrack.providers.embedder import unit_vectors
from streams.embed.mixing import mixed
from streams.embed.plan import Erasure
from streams.revisions import CHUNKS as CHUNKS_REVISION
from streams.revisions import version
from streams.stages import Interrupted
from tests.records import message
from tests.unit.streams.embed.embedding import SPACE, Partition, vectors_of

LONG = " ".join(f"Sentence {number} of a long story." for number in range(60))


def said(name: str, text: str = "", **fields: Any) -> Any:
    return message(
        **({"message_id": name, "session_id": "s", "text": text or f"says {name}", "timestamp": int(name) + 1} | fields)
    )


async def test_a_message_becomes_chunks_that_carry_its_facts() -> None:
    partition = Partition()
    await partition.take(said("1", LONG, agent_id="main", channel="telegram", tools_used=["read"], version=7))

    chunks = list(partition.chunks.values())
    assert len(chunks) > 2
    for index, chunk in enumerate(chunks):
        assert chunk["chunk_id"] == chunk_id("1", SPACE, index)
        assert chunk["text"] == LONG[chunk["start"] : chunk["end"]]
        assert (chunk["chunk_index"], chunk["chunk_count"]) == (index, len(chunks))
        assert (chunk["agent_id"], chunk["channel"], chunk["tools_used"]) == ("main", "telegram", ["read"])
        assert chunk["version"] == version(CHUNKS_REVISION, 7)
        [expected] = vectors_of([f"user: {chunk['text']}"])
        assert decode_vector(chunk["vector"]) == pytest.approx(expected, abs=1e-3)


async def test_the_turn_before_is_mixed_into_every_passage_and_nothing_of_those_before_it() -> None:
    partition = Partition()
    await partition.take(said("1", "Hello."), said("2", LONG, role="assistant"), said("3", "Yes."))

    story = [chunk["text"] for chunk in partition.of("2")]
    [hello], told = vectors_of(["user: Hello."]), vectors_of([f"assistant: {text}" for text in story])
    assert len(story) > 2
    assert partition.vectors("2") == pytest.approx(mixed(told, hello), abs=2e-3)
    # Of a turn in several passages what they have in common.
    mean = unit_vectors(told.sum(axis=0))
    assert partition.vectors("3") == pytest.approx(mixed(vectors_of(["user: Yes."]), mean), abs=2e-3)


@pytest.mark.parametrize(
    "before",
    [
        said("1", "Shall we?", inherited=True),
        said("1", "lines of a log", role="toolResult"),
        said("1", "poison"),
        said("1", "Shall we?", timestamp=9),
    ],
    ids=["inherited", "no turn", "refused", "later"],
)
async def test_nothing_is_mixed_in_where_no_turn_before_has_a_vector(before: Any) -> None:
    partition = Partition()
    partition.embedder.refused.add("poison")
    await partition.take(before, said("2", "Yes."))

    assert partition.vectors("2") == pytest.approx(vectors_of(["user: Yes."]), abs=1e-3)


async def test_a_session_points_where_its_messages_do_however_long_they_are() -> None:
    partition = Partition()
    await partition.take(said("1", LONG), said("2"))

    [session] = partition.sessions.values()
    of_messages = []
    for name in ("1", "2"):
        vectors = [decode_vector(chunk["vector"]) for chunk in partition.chunks.values() if chunk["message_id"] == name]
        total = np.sum(vectors, axis=0)
        of_messages.append(total / np.linalg.norm(total))
    expected = np.sum(of_messages, axis=0)
    assert decode_vector(session["vector"]) == pytest.approx(expected / np.linalg.norm(expected), abs=1e-3)
    assert (session["messages"], session["chunks"]) == (2, len(partition.chunks))
    assert (session["first_at"], session["last_at"]) == (2, 3)
    assert partition.sessions.keys() == {f"{SPACE}/s"}


async def test_what_comes_again_is_not_embedded_again() -> None:
    partition = Partition()
    await partition.take(said("1"), said("2"))
    before, calls = dict(partition.sessions), len(partition.embedder.calls)

    assert (await partition.take(said("1"), said("2"))).outputs == []
    assert len(partition.embedder.calls) == calls
    assert partition.sessions == before


async def test_what_comes_again_does_not_come_between_a_turn_and_its_answer() -> None:
    once, twice = Partition(), Partition()
    await once.take(said("1"), said("2"), said("3"))
    await twice.take(said("1"), said("2"), said("1"), said("2"))
    await twice.take(said("1"))
    await twice.take(said("3"))

    assert twice.chunks == once.chunks


async def test_a_newer_version_replaces_its_chunks_and_counts_once() -> None:
    partition = Partition()
    await partition.take(said("1", LONG))
    await partition.take(said("1", "It is short now.", version=2))

    assert partition.texts() == ["It is short now."]
    assert [session["messages"] for session in partition.sessions.values()] == [1]


async def test_what_is_inherited_or_empty_has_no_chunks_but_the_former_is_context() -> None:
    partition = Partition()
    await partition.take(said("1", "Shall we?", inherited=True), said("2", "  "), said("3", "Yes."))

    assert partition.texts() == ["Yes."]
    assert "Shall we?" in next(iter(partition.chunks.values()))["context"]


async def test_an_erased_message_takes_its_chunks_and_all_that_was_derived_with_it() -> None:
    partition = Partition()
    await partition.take(said("1", LONG), said("2", "and"))
    await partition.take(Erasure("1"))
    assert partition.texts() == ["and"]
    assert partition.sessions == {}
    assert not any(b"Sentence" in value for value in partition.state.values())

    await partition.take(said("3"))
    assert [session["messages"] for session in partition.sessions.values()] == [1]
    assert partition.chunks[chunk_id("3", SPACE, 0)]["context"] == "1 January 1970\nuser:"
    assert partition.vectors("3") == pytest.approx(vectors_of(["user: says 3"]), abs=1e-3)

    # What quotes it is made anew when it is published anew.
    await partition.take(said("2", "and", version=2))
    assert "Sentence" not in str(list(partition.chunks.values()))

    await partition.take(Erasure("2"), Erasure("3"), Erasure("never heard of"))
    assert (partition.chunks, partition.sessions, partition.state) == ({}, {}, {})


async def test_a_text_that_is_refused_sets_its_message_aside_and_no_other() -> None:
    partition = Partition()
    partition.embedder.refused.add("poison")
    changes = await partition.take(said("1"), said("2", f"poison {LONG}"), said("3"))

    assert [(refusal.position, refusal.stage) for refusal in changes.refusals] == [(1, "embed")]
    assert [chunk["message_id"] for chunk in partition.chunks.values()] == ["1", "3"]
    assert [session["messages"] for session in partition.sessions.values()] == [2]


async def test_what_can_not_be_cut_sets_its_message_aside_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    partition = Partition()

    def count(text: str) -> int:
        if "odd" in text:
            raise ValueError("odd")
        return len(text.split())

    monkeypatch.setattr(partition.stages._planner, "_count_tokens", count)
    changes = await partition.take(said("1", session_id="a"), said("2", "odd"))

    assert [(refusal.position, refusal.stage) for refusal in changes.refusals] == [(1, "embed")]
    assert partition.texts() == ["says 1"]


async def test_what_was_refused_is_taken_when_it_comes_again() -> None:
    partition = Partition()
    partition.embedder.refused.add("poison")
    await partition.take(said("1", "poison"))
    partition.embedder.refused.clear()

    assert not (await partition.take(said("1", "poison"))).refusals
    assert partition.texts() == ["poison"]
    assert [session["messages"] for session in partition.sessions.values()] == [1]


@pytest.mark.parametrize("error", [TransientError("away"), ConfigurationError("wrong key", hint="Set another.")])
async def test_what_time_or_a_person_heals_is_waited_for(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    partition = Partition()
    partition.embedder.failures.extend([error, error])
    waited = []

    def note(*_: object, **__: object) -> None:
        waited.append(partition.stages.waits_for)

    monkeypatch.setattr("streams.embed.patience.logger", SimpleNamespace(warning=note))
    changes = await partition.take(said("1"))

    assert waited == ["fake", "fake"]
    assert partition.stages.waits_for == ""
    assert not changes.refusals
    assert partition.texts() == ["says 1"]


async def test_what_one_call_has_made_is_not_asked_for_again_when_the_next_fails() -> None:
    partition = Partition()

    async def fail_once() -> None:
        partition.embedder.failures.append(TransientError("away"))

    await partition.take(*(said(str(number)) for number in range(3)))
    await fail_once()
    await partition.take(*(said(str(number)) for number in range(3, 9)))
    asked = [tuple(call) for call in partition.embedder.calls]
    assert asked == [
        ("user: says 0", "user: says 1", "user: says 2"),
        ("user: says 3", "user: says 4", "user: says 5"),
        ("user: says 3", "user: says 4", "user: says 5"),
        ("user: says 6", "user: says 7", "user: says 8"),
    ]


async def test_a_wait_ends_when_the_worker_is_to_stop() -> None:
    partition = Partition()
    partition.embedder.failures.append(TransientError("quota", retry_after_s=86_400))
    asked = asyncio.Event()

    def is_interrupted() -> bool:
        if partition.embedder.calls:
            asked.set()
        return asked.is_set()

    with pytest.raises(Interrupted):
        await partition.stages.process({}, partition.place(said("1")), is_interrupted)


def test_a_record_without_a_value_names_the_message_that_is_erased() -> None:
    stages = Partition().stages
    assert stages.decode(cast(Any, SimpleNamespace(key=b"m", value=None))) == Erasure("m")
    with pytest.raises(CodecError):
        stages.decode(cast(Any, SimpleNamespace(key=b"\xff", value=None)))


STEPS = st.lists(
    st.one_of(
        st.builds(
            said,
            st.sampled_from("123456"),
            st.sampled_from(["", "short", LONG]),
            session_id=st.sampled_from("ab"),
            version=st.integers(1, 3),
            inherited=st.booleans(),
        ).map(lambda each: each | {"message_id": f"{each['session_id']}{each['message_id']}"}),
        st.builds(Erasure, st.sampled_from([f"{session}{name}" for session in "ab" for name in "123456"])),
    ),
    min_size=1,
    max_size=12,
)


@settings(deadline=None)
@given(steps=STEPS, sizes=st.lists(st.integers(1, 5), min_size=1, max_size=12), crashes=st.data())
def test_batches_that_a_crash_cut_anywhere_come_to_the_same_when_they_are_taken_again(
    steps: list[Any], sizes: list[int], crashes: st.DataObject
) -> None:
    async def run() -> None:
        whole, cut = Partition(), Partition()
        # An erased message does not come again.
        erased: set[str] = set()
        rest = []
        for step in steps:
            erased |= {step.message_id} if isinstance(step, Erasure) else set()
            rest += [step] if isinstance(step, Erasure) or step["message_id"] not in erased else []
        for size in [*sizes, len(steps)]:
            batch, rest = rest[:size], rest[size:]
            await whole.take(*batch)
            placed = cut.place(*batch)
            changes = await cut.process(placed)
            cut.write(changes, crashes.draw(st.integers(0, len(changes.writes) + len(changes.deletes)), "written"))
            cut.write(await cut.process(placed))
        assert cut.chunks == whole.chunks
        assert cut.sessions == whole.sessions
        assert cut.state == whole.state

    asyncio.run(run())


@settings(deadline=None, max_examples=30)
@given(steps=STEPS, sizes=st.lists(st.integers(1, 5), min_size=1, max_size=12))
def test_vectors_are_the_same_wherever_batches_begin(steps: list[Any], sizes: list[int]) -> None:
    async def run() -> None:
        whole, parts, rest = Partition(), Partition(), steps
        await whole.take(*steps)
        for size in [*sizes, len(steps)]:
            await parts.take(*rest[:size])
            rest = rest[size:]
        assert parts.chunks == whole.chunks
        assert {each["session_id"]: each["vector"] for each in parts.sessions.values()} == {
            each["session_id"]: each["vector"] for each in whole.sessions.values()
        }

    asyncio.run(run())


def test_keys_are_told_apart() -> None:
    assert (
        len({chunk_id("m", SPACE, 0), chunk_id("m", SPACE, 1), chunk_id("m", "other@8", 0), chunk_id("n", SPACE, 0)})
        == 4
    )
    assert CHUNKS.key == "chunk_id"
