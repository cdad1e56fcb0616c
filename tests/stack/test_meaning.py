"""Search by meaning and by both, for messages and for sessions; and what is answered where a part is away."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from opensearchpy import OpenSearch

from consumers.opensearch_vectors.sink import OpenSearchVectorSink
from consumers.postgres.sink import PostgresSink
from consumers.postgres_vectors.sink import PostgresVectorSink
from infra.opensearch.vectors import make_space, serve_space
from queries.filters import Filters
from queries.ranking import Mode
from queries.search import SearchPage, search
from queries.session_search import search_sessions
from schemas.topics import CHUNKS, MESSAGES, SESSION_VECTORS, SESSIONS
from schemas.vectors import encode_vector
from sessiontrack.errors import UnavailableError
from sessiontrack.identity import chunk_id
from sessiontrack.providers.choice import open_embedder
from sessiontrack.settings import Settings
from tests import embedded
from tests.records import chunk, message, session, session_vector
from tests.stack.indexes import own_indexes, received, refresh, store
from tests.stack.own_schema import own_schema
from tests.stack.test_postgres import received as received_by_postgres
from tests.stack.waiting import PATIENCE_S

DAY = 86_400_000
LONG = "The nightly report of the greenhouse says that the humidity and the temperature were as they should be"
# Number, session, sender, text: number 2 answers only with the turn before it.
SAID = (
    (1, "pets", "Ben", "So, what did you bring home from the shelter?"),
    (2, "pets", "Anna", "A tortoise! Her name is Flash."),
    (3, "pets", "Ben", "I love that name."),
    (4, "music", "Anna", "My fingers hurt, I started cello lessons."),
    (5, "music", "Ben", "Does the disk of the record player still spin?"),
    (6, "ops", "Carl", "The disk is full, the backup ended with ENOSPC."),
    (7, "ops", "Carl", "I deleted the old logs and it goes on."),
    *((number, "reports", "Cron", f"{LONG}, run {number}.") for number in (8, 9, 10)),
)
TITLES = {"pets": "Animals", "music": "Cello lessons of Anna", "ops": "Backup", "reports": "Reports"}
ELSEWHERE = "http://127.0.0.1:9"


def message_id(number: int) -> str:
    return f"00000000-0000-5000-8000-{number:012d}"


def messages() -> list[dict[str, Any]]:
    return [
        message(
            message_id=message_id(number),
            session_id=session_id,
            entry_id=str(number),
            line_number=number,
            sender_name=sender,
            timestamp=number * DAY,
            text=text,
            channel="telegram" if session_id == "pets" else "discord",
            is_error=number == 6,
        )
        for number, session_id, sender, text in SAID
    ]


def sessions() -> list[dict[str, Any]]:
    return [session(session_id=name, title=title, last_activity_at=DAY) for name, title in TITLES.items()]


def embedded_texts() -> list[str]:
    """What is embedded of each message: it, after the turn before it."""
    return [
        f"{before[3]}\n{sender}: {text}" if before[1] == session_id else f"{sender}: {text}"
        for before, (_, session_id, sender, text) in zip(((0, "", "", ""), *SAID), SAID, strict=False)
    ]


async def _vectors(settings: Settings, texts: Sequence[str]) -> tuple[str, list[list[float]]]:
    embedder = open_embedder(settings)
    try:
        return embedder.space, (await embedder.embed_documents(texts)).tolist()
    finally:
        await embedder.close()


def _chunks(space: str, vectors: Sequence[Sequence[float]]) -> Iterator[Any]:
    for each, vector in zip(messages(), vectors, strict=True):
        common = {"space": space, "dimensions": len(vector), "vector": encode_vector(vector)}
        facts = {
            name: each[name]
            for name in ("message_id", "session_id", "entry_id", "role", "sender_name", "timestamp", "text", "channel")
        }
        yield embedded.received(CHUNKS, chunk(chunk_id=chunk_id(each["message_id"], space, 0), **common, **facts))
        if each["line_number"] in (2, 4, 6, 8):
            facts = {"session_id": each["session_id"], "channel": each["channel"]}
            yield embedded.received(SESSION_VECTORS, session_vector(**common, **facts, messages=1))


@pytest.fixture(scope="module")
def texts_only(stack_settings: Settings) -> Iterator[Settings]:
    """Messages of which none is embedded."""
    with own_indexes(stack_settings) as own:
        records = [
            *(received(MESSAGES.name, each) for each in messages()),
            *(received(SESSIONS.name, each) for each in sessions()),
        ]
        asyncio.run(store(own, records))
        refresh(own)
        yield own


@pytest.fixture(scope="module")
def settings(stack_settings: Settings) -> Iterator[Settings]:
    """Messages with their vectors: each embedded with the turn before it."""
    with own_indexes(stack_settings) as own:
        records = [
            *(received(MESSAGES.name, each) for each in messages()),
            *(received(SESSIONS.name, each) for each in sessions()),
        ]
        asyncio.run(store(own, records))
        space, vectors = asyncio.run(_vectors(own, embedded_texts()))
        asyncio.run(embedded.store(OpenSearchVectorSink(own), list(_chunks(space, vectors))))
        refresh(own)
        yield own


def found(page: SearchPage) -> list[int]:
    return [int(hit.entry_id) for hit in page.hits]


def test_meaning_finds_what_no_word_tells(settings: Settings) -> None:
    question = "Which animal lives with Anna?"
    page = search(settings, question, mode="semantic", explain=True)
    assert found(page)[0] == 2
    assert page.hits[0].snippet == "A tortoise! Her name is Flash."
    assert page.hits[0].explanation is not None
    assert set(page.hits[0].explanation) == {"semantic", "recency", "turn_after"}
    assert found(search(settings, question))[0] == 2


def test_both_halves_are_the_default_and_explained(settings: Settings) -> None:
    page = search(settings, "Who had a full disk?", explain=True, markers=("[", "]"))
    assert (page.mode, page.notes) == ("hybrid", ())
    assert page.hits[0].entry_id == "6"
    assert page.hits[0].snippet.startswith("The [disk] is [full]")
    explanation = page.hits[0].explanation
    assert explanation is not None
    assert (explanation["text"]["rank"], explanation["semantic"]["rank"]) == (1, 1)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("animal channel:telegram", {1, 2, 3}),
        ("animal from:anna", {2, 4}),
        ("trouble is:error", {6}),
        ("animal -tortoise channel:telegram", {1, 3}),
        ('pets "a tortoise"', {2}),
        ("session:mus hobby", {4, 5}),
    ],
)
def test_what_must_hold_holds_for_what_meaning_finds(settings: Settings, query: str, expected: set[int]) -> None:
    assert set(found(search(settings, query, mode="hybrid"))) == expected
    assert set(found(search(settings, query, mode="semantic"))) <= expected


def test_a_query_that_only_filters_finds_the_newest(settings: Settings) -> None:
    page = search(settings, "from:anna")
    assert (page.mode, found(page)) == ("text", [4, 2])


def test_what_has_no_meaning_is_found_by_its_letters_alone(settings: Settings) -> None:
    assert found(search(settings, "nginx/unknown.conf")) == []
    assert search(settings, "E11000").mode == "text"


def test_the_same_text_is_one_hit(settings: Settings) -> None:
    for mode in ("text", "semantic"):
        page = search(settings, "humidity of the greenhouse", mode=mode)
        reports = [hit for hit in page.hits if hit.session_id == "reports"]
        assert [hit.duplicates for hit in reports] == [2]


def test_pages_hold_together_while_messages_come(settings: Settings) -> None:
    query = "Anna and Ben about a disk, a tortoise and a cello"
    whole = search(settings, query, limit=20)
    assert whole.next is None
    first = search(settings, query, limit=3)
    new = message(
        message_id=message_id(99),
        session_id="ops",
        entry_id="99",
        line_number=99,
        timestamp=4_000_000_000_000,
        text="Anna and Ben about a disk, a tortoise and a cello",
    )
    asyncio.run(store(settings, [received(MESSAGES.name, new)]))
    refresh(settings)
    try:
        assert 99 in found(search(settings, query))
        pages, cursor = found(first), first.next
        while cursor is not None:
            page = search(settings, query, limit=3, after=cursor)
            pages, cursor = pages + found(page), page.next
        assert pages == found(whole)
    finally:
        asyncio.run(store(settings, [received(MESSAGES.name, None, key=message_id(99))]))
        refresh(settings)


def test_sessions_come_with_their_passages_and_the_turns_around_them(settings: Settings) -> None:
    answer = search_sessions(settings, "Which animal lives with Anna?", explain=True)
    best = answer.sessions[0]
    assert (best.session_id, best.title) == ("pets", "Animals")
    assert best.explanation is not None
    assert set(best.explanation) >= {"messages", "whole", "recency"}
    passage = next(each for each in best.passages if each.hit.entry_id == "2")
    assert [turn.text for turn in passage.before] == [SAID[0][3]]
    assert [turn.sender for turn in passage.after] == ["Ben"]


def test_a_title_finds_its_session(settings: Settings) -> None:
    assert search_sessions(settings, "cello lessons", mode="text").sessions[0].session_id == "music"


def test_without_vectors_words_are_the_answer_and_it_is_told(texts_only: Settings) -> None:
    page = search(texts_only, "disk full")
    assert (page.mode, found(page)[0]) == ("text", 6)
    assert "nothing is embedded yet" in page.notes[0]
    assert search(texts_only, "disk full", mode="text").notes == ()
    with pytest.raises(UnavailableError, match="meaning can't be searched"):
        search(texts_only, "disk full", mode="semantic")
    sessions = search_sessions(texts_only, "disk full")
    assert (sessions.mode, sessions.sessions[0].session_id) == ("text", "ops")


def test_where_nobody_embeds_words_are_the_answer_and_it_is_told(texts_only: Settings) -> None:
    with OpenSearch(hosts=[texts_only.opensearch.url], timeout=PATIENCE_S) as client:
        make_space(client, texts_only.opensearch, "gemini-embedding-001@768")
        serve_space(client, texts_only.opensearch, "gemini-embedding-001@768")
    away = texts_only.embedding.model_copy(update={"provider": "ollama", "base_url": ELSEWHERE})
    page = search(texts_only.model_copy(update={"embedding": away}), "disk full")
    assert (page.mode, found(page)[0]) == ("text", 6)
    assert "by words alone" in page.notes[0]


@pytest.fixture(scope="module")
def without_opensearch(stack_settings: Settings) -> Iterator[Settings]:
    """Settings with which only PostgreSQL answers, where the vectors are as well."""
    with own_schema(stack_settings, migrated=True) as own:
        asyncio.run(_fill_postgres(own))
        yield own.model_copy(update={"opensearch": own.opensearch.model_copy(update={"url": ELSEWHERE})})


async def _fill_postgres(settings: Settings) -> None:
    sink = PostgresSink(settings)
    await sink.open()
    try:
        await sink.write(received_by_postgres(MESSAGES, *messages()))
        await sink.write(received_by_postgres(SESSIONS, *sessions()))
    finally:
        await sink.close()
    space, vectors = await _vectors(settings, embedded_texts())
    await embedded.store(PostgresVectorSink(settings), list(_chunks(space, vectors)))


@pytest.mark.parametrize(
    ("query", "filters", "expected"),
    [
        ("full disk", Filters(), [6]),
        ("full disk spinning", Filters(), [6, 5]),
        ("who has a tortoise?", Filters(), [2]),
        ('"disk is full"', Filters(), [6]),
        ("disk -full", Filters(), [5]),
        ("disk", Filters(sender="carl"), [6]),
        ("disk is:error", Filters(channel="Disc*"), [6]),
        ("disk", Filters(failed="tool"), [6]),
        ("session:ops", Filters(), [7, 6]),
        ("50% of {the} disk", Filters(until=6 * DAY), [5]),
    ],
)
def test_postgresql_answers_where_opensearch_is_away(
    without_opensearch: Settings, query: str, filters: Filters, expected: list[int]
) -> None:
    mode: Mode = "text"
    page = search(without_opensearch, query, filters, mode=mode, markers=("[", "]"))
    assert found(page)[: len(expected)] == expected
    assert "answered by PostgreSQL" in page.notes[0]


def test_postgresql_shows_why_and_finds_sessions(without_opensearch: Settings) -> None:
    (hit,) = search(without_opensearch, "tortoise", mode="text", markers=("[", "]")).hits
    assert (hit.title, hit.sender) == ("Animals", "Anna")
    assert "[tortoise]! Her name" in hit.snippet
    best = search_sessions(without_opensearch, "tortoise", mode="text").sessions[0]
    assert best.session_id == "pets"
    assert [turn.entry_id for turn in (*best.passages[0].before, *best.passages[0].after)] == ["1", "3"]


def test_pgvector_finds_by_meaning_where_opensearch_is_away(without_opensearch: Settings) -> None:
    page = search(without_opensearch, "Which animal lives with Anna?")
    assert (page.mode, found(page)[0]) == ("hybrid", 2)
    assert len(page.notes) == 1
    answer = search_sessions(without_opensearch, "Which animal lives with Anna?")
    assert (answer.mode, answer.sessions[0].session_id) == ("hybrid", "pets")


def test_where_no_store_answers_the_first_is_named(without_opensearch: Settings) -> None:
    away = without_opensearch.postgres.model_copy(update={"port": 9})
    with pytest.raises(UnavailableError, match="OpenSearch"):
        search(without_opensearch.model_copy(update={"postgres": away}), "disk", mode="text")
