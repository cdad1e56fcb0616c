"""What search asks of every vector store. A store's tests inherit a suite and say how it is filled and read."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from math import hypot
from random import Random
from typing import Any
from uuid import UUID

import pytest

from queries.filters import Filters
from queries.vectors.index import NearChunk, VectorIndex, of_sessions
from schemas.vectors import decode_vector, encode_vector
from sessiontrack.errors import UnavailableError
from sessiontrack.settings import Settings
from tests.records import chunk, session_vector

DIMENSIONS = 8
SPACE = f"clustered@{DIMENSIONS}"
_SESSIONS = 12
_CHUNKS = 300
# Half precision, and sums in another order.
_TOLERANCE = 2e-3
_HOURS = 3_600_000

# Each with what it holds for, told of the number of a session and of a chunk.
_FILTERS: dict[str, tuple[Filters, Callable[[int, int], bool]]] = {
    "agent": (Filters(agent="MAIN"), lambda session, number: session % 2 == 0),
    "agent by a part": (Filters(agent="m*n"), lambda session, number: session % 2 == 0),
    "channel": (Filters(channel="Telegram"), lambda session, number: session % 3 == 0),
    "absolute folder": (Filters(project="/home/ada/work/"), lambda session, number: session % 4 in (0, 1)),
    "name of a folder": (Filters(project="garden"), lambda session, number: session % 4 == 1),
    "since": (Filters(since=200 * _HOURS), lambda session, number: number >= 200),
    "until": (Filters(until=200 * _HOURS), lambda session, number: number < 200),
    "two": (Filters(agent="main", channel="telegram"), lambda session, number: session % 6 == 0),
    "role": (Filters(role="tool"), lambda session, number: number % 5 == 0),
    "sender by id": (Filters(sender="4711"), lambda session, number: number % 5 == 1),
    "sender by a name": (Filters(sender="lovelace"), lambda session, number: number % 5 == 1),
    "model": (Filters(model="opus"), lambda session, number: number % 5 == 2),
    "provider and model": (Filters(model="anthropic/opus"), lambda session, number: number % 5 == 2),
    "another provider": (Filters(model="openai/opus"), lambda session, number: False),
    "tool": (Filters(tool="exec"), lambda session, number: number % 5 in (0, 3)),
    "narrow": (Filters(agent="main", since=297 * _HOURS), lambda session, number: session % 2 == 0 and number >= 297),
}


def _session_of(number: int) -> int:
    return number % _SESSIONS


def _unit(random: Random, near: Sequence[float] = (0.0,) * DIMENSIONS) -> bytes:
    numbers = [number + random.gauss(0, 0.3) for number in near]
    return encode_vector(number / hypot(*numbers) for number in numbers)


def _facts(session: int) -> dict[str, Any]:
    folders = ["/home/ada/work", "/home/ada/work/garden", "/home/ada/workshop", "C:\\Users\\ada"]
    return {
        "session_id": f"session-{session}",
        "agent_id": ["main", "helper"][session % 2],
        "channel": ["telegram", "discord", None][session % 3],
        "project": folders[session % 4],
        "session_key": f"agent:main:{session}",
    }


def records(space: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Chunks and session vectors of a space, clustered; the same at each call."""
    random = Random(space)
    centres = [[random.gauss(0, 1) for _ in range(DIMENSIONS)] for _ in range(10)]
    common = {"space": space, "dimensions": DIMENSIONS}
    chunks = [
        chunk(
            **common,
            **_facts(_session_of(number)),
            chunk_id=str(UUID(int=random.getrandbits(128))),
            message_id=str(UUID(int=number)),
            vector=_unit(random, centres[number % 10]),
            text=f"passage {number} 🎉",
            start=1,
            end=10,
            entry_id=f"line:{number}",
            role="toolResult" if number % 5 == 0 else "user",
            origin="USER",
            sender_id="4711" if number % 5 == 1 else None,
            sender_name="Ada Lovelace" if number % 5 == 1 else None,
            provider="anthropic" if number % 5 == 2 else None,
            model="opus" if number % 5 == 2 else None,
            tools_used=["read", "exec"] if number % 5 in (0, 3) else [],
            timestamp=number * _HOURS,
        )
        for number in range(_CHUNKS)
    ]
    sessions = [
        session_vector(
            **common,
            **_facts(number),
            vector=_unit(random),
            messages=_CHUNKS // _SESSIONS,
            first_at=number * _HOURS,
            last_at=(number + 1) * _HOURS,
        )
        for number in range(_SESSIONS)
    ]
    return chunks, sessions


def _score(vector: Sequence[float], record: dict[str, Any]) -> float:
    return sum(a * b for a, b in zip(vector, decode_vector(record["vector"]), strict=True))


class VectorIndexContract(ABC):
    """Behaviour of every vector store, filled with `records` of its space."""

    @abstractmethod
    def make_index(self, settings: Settings, space: str) -> VectorIndex:
        """The vectors of a space."""

    @abstractmethod
    def unreachable(self, settings: Settings) -> Settings:
        """Settings with which nothing answers."""

    @pytest.fixture
    def index(self, settings: Settings) -> VectorIndex:
        return self.make_index(settings, SPACE)

    @pytest.fixture
    def query(self) -> tuple[float, ...]:
        return decode_vector(_unit(Random(5)))

    def test_the_nearest_passages_come_first(self, index: VectorIndex, query: Sequence[float]) -> None:
        chunks, _ = records(SPACE)
        self._check(index.nearest_chunks(query, Filters(), 10), chunks, query, "chunk_id", 10)

    @pytest.mark.parametrize("name", _FILTERS)
    def test_a_filter_leaves_the_nearest_of_the_rest(
        self, index: VectorIndex, query: Sequence[float], name: str
    ) -> None:
        filters, holds = _FILTERS[name]
        chunks, _ = records(SPACE)
        left = [each for number, each in enumerate(chunks) if holds(_session_of(number), number)]
        self._check(index.nearest_chunks(query, filters, 10), left, query, "chunk_id", 10)

    @pytest.mark.parametrize("name", [name for name, (filters, _) in _FILTERS.items() if of_sessions(filters)])
    def test_sessions_are_found_and_filtered_too(self, index: VectorIndex, query: Sequence[float], name: str) -> None:
        filters, holds = _FILTERS[name]
        _, sessions = records(SPACE)
        if filters.since is None and filters.until is None:
            left = [each for number, each in enumerate(sessions) if holds(number, 0)]
        else:
            times = [(filters.since or 0) / _HOURS, (filters.until or _CHUNKS * _HOURS) / _HOURS]
            left = [
                each
                for number, each in enumerate(sessions)
                if times[0] <= number + 1 and number < times[1] and (filters.agent is None or number % 2 == 0)
            ]
        self._check(index.nearest_sessions(query, filters, 5), left, query, "session_id", 5)

    def test_what_a_passage_is_shown_with_is_what_the_record_says(
        self, index: VectorIndex, query: Sequence[float]
    ) -> None:
        chunks, _ = records(SPACE)
        by_id = {each["chunk_id"]: each for each in chunks}
        for found in index.nearest_chunks(query, Filters(), 40):
            assert found == NearChunk.of(found.score, by_id[found.chunk_id])

    def test_what_a_session_is_shown_with_is_what_the_record_says(
        self, index: VectorIndex, query: Sequence[float]
    ) -> None:
        _, sessions = records(SPACE)
        by_id = {each["session_id"]: each for each in sessions}
        for found in index.nearest_sessions(query, Filters(), _SESSIONS):
            record = by_id[found.session_id]
            assert (found.first_at, found.last_at, found.project) == tuple(
                record[name] for name in ("first_at", "last_at", "project")
            )

    def test_more_than_there_are_is_all_there_are(self, index: VectorIndex, query: Sequence[float]) -> None:
        chunks, _ = records(SPACE)
        found = index.nearest_chunks(query, Filters(), 1_000)
        assert {each.chunk_id for each in found} == {each["chunk_id"] for each in chunks}

    def test_what_can_not_be_asked_is_an_error(self, index: VectorIndex, query: Sequence[float]) -> None:
        with pytest.raises(ValueError, match="numbers"):
            index.nearest_chunks(query[1:], Filters(), 10)
        for limit in (0, 1_001):
            with pytest.raises(ValueError, match="limit"):
                index.nearest_sessions(query, Filters(), limit)
        with pytest.raises(ValueError, match="sender"):
            index.nearest_sessions(query, Filters(sender="ada"), 10)

    def test_a_space_without_vectors_is_unavailable(self, settings: Settings, query: Sequence[float]) -> None:
        index = self.make_index(settings, f"unknown@{DIMENSIONS}")
        with pytest.raises(UnavailableError):
            index.nearest_chunks(query, Filters(), 10)

    def test_a_store_that_is_away_is_unavailable(self, settings: Settings, query: Sequence[float]) -> None:
        with pytest.raises(UnavailableError):
            self.make_index(self.unreachable(settings), SPACE).nearest_chunks(query, Filters(), 10)

    def _check(
        self, found: Sequence[Any], expected: Sequence[dict[str, Any]], query: Sequence[float], key: str, limit: int
    ) -> None:
        """As an exact search finds them, but for ties."""
        scores = {each[key]: _score(query, each) for each in expected}
        best = sorted(scores.values(), reverse=True)[:limit]
        assert len({getattr(each, key) for each in found}) == len(found)
        assert [each.score for each in found] == pytest.approx(best, abs=_TOLERANCE)
        for each in found:
            assert each.score == pytest.approx(scores[getattr(each, key)], abs=_TOLERANCE)
