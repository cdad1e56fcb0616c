from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from operations.rebuild import store as rebuilding
from operations.rebuild.plan import claimed
from operations.rebuild.store import TARGETS, abandon_store, rebuild_store
from operations.rebuild.summary import Summary
from schemas.records import SessionEvent
from schemas.topics import EVENTS, MESSAGES, SESSIONS, TOOL_CALLS
from sessiontrack.errors import SessionTrackError, UsageError
from sessiontrack.settings import S3Settings, Settings
from streams import revisions
from streams.derive import derive
from tests.unit.operations.rebuild.memory import Contents, Fate, Killed, MemorySource, MemoryTarget, Store
from tests.unit.streams.events import logs, user


def expected(log: list[SessionEvent]) -> Contents:
    """What the events come to, by the stages alone."""
    derived = derive(log)
    contents: Contents = {(SESSIONS.name, key): record for key, record in derived.sessions.items()}
    contents |= {(MESSAGES.name, key): record for key, record in derived.messages.items()}
    contents |= {(TOOL_CALLS.name, key): record for key, record in derived.tool_calls.items()}
    return contents | {(EVENTS.name, event["event_id"]): event for event in reversed(log)}


class House:
    """A data folder, a log and a store."""

    def __init__(self, folder: Path, log: list[SessionEvent]) -> None:
        self.settings = Settings(data_dir=folder, s3=S3Settings(secret_key=SecretStr("secret")))
        self.log = log
        self.store = Store(in_use={("old", "old"): {}})
        self.fate = Fate()
        self.source = MemorySource(log, self.fate)

    def rebuild(self, **options: Any) -> Summary:
        return rebuild_store(self.settings, MemoryTarget.name, **options)

    def abandon(self) -> bool:
        return abandon_store(self.settings, MemoryTarget.name)


@contextmanager
def house(log: list[SessionEvent]) -> Iterator[House]:
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        made = House(Path(folder), log)

        async def open_source(*arguments: Any, **options: Any) -> tuple[MemorySource, str]:
            return made.source, "log"

        def partitions() -> list[int]:
            return [0]

        make: Callable[[Settings], MemoryTarget] = lambda settings: MemoryTarget(made.store, made.fate)  # noqa: E731
        patch.setitem(TARGETS, MemoryTarget.name, make)
        patch.setattr(rebuilding, "open_source", open_source)
        patch.setattr(rebuilding, "partitions", partitions)
        yield made


@settings(max_examples=15, deadline=None)
@given(logs(), st.lists(st.integers(0, 60), max_size=6), st.integers(1, 7))
def test_killed_anywhere_and_started_again_it_ends_right(log: list[SessionEvent], kills: list[int], chunk: int) -> None:
    with house(log) as made:
        made.source.chunk = chunk
        for steps in kills:
            made.fate.steps = steps
            before = made.store.in_use
            try:
                made.rebuild()
            except Killed:
                # A reader sees the old store, or the whole new one.
                assert made.store.in_use == before or made.store.in_use == expected(log)
        made.fate.steps = None
        made.rebuild()
        assert made.store.in_use == expected(log)
        assert not made.store.is_still
        assert made.store.beside is None


@settings(max_examples=10, deadline=None)
@given(logs(), logs())
def test_what_comes_meanwhile_is_there_at_the_swap(log: list[SessionEvent], arriving: list[SessionEvent]) -> None:
    with house(log) as made:
        made.source.arriving = arriving[:5]
        made.rebuild()
        assert made.store.in_use == expected(made.log)


def test_a_count_that_is_wrong_swaps_nothing() -> None:
    with house([user("a"), user("b")]) as made:
        made.store.loses = frozenset({made.log[0]["event_id"]})
        with pytest.raises(SessionTrackError, match=r"holds 1 records of sessiontrack\.events\.v1, not the 2"):
            made.rebuild()
        assert made.store.in_use == {("old", "old"): {}}
        assert not made.store.is_still
        made.store.loses = frozenset()
        assert made.abandon()
        made.rebuild()
        assert made.store.in_use == expected(made.log)


def test_what_is_set_aside_already_may_be_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with house([user("a"), user("b")]) as made:
        refused = made.log[0]["event_id"]
        made.store.refuses = frozenset({refused})
        dead_letters: set[str] = set()

        async def set_aside(settings: Settings, worker: str) -> set[str]:
            assert worker == "memory"
            return dead_letters

        monkeypatch.setattr(rebuilding, "set_aside", set_aside)
        with pytest.raises(SessionTrackError, match=refused):
            made.rebuild()
        assert made.store.in_use == {("old", "old"): {}}
        dead_letters.add(refused)
        assert made.rebuild().refused == 1
        assert made.store.in_use.keys() == expected(made.log).keys() - {(EVENTS.name, refused)}


def test_two_at_once_are_refused() -> None:
    with (
        house([user("a")]) as made,
        claimed(made.settings.data_dir, MemoryTarget.name),
        pytest.raises(UsageError, match="running already"),
    ):
        made.rebuild()


def test_what_another_machine_fills_is_left_alone() -> None:
    with house([user("a")]) as made:
        made.store.beside = {("another", "record"): {}}
        with pytest.raises(UsageError, match="knows nothing of"):
            made.rebuild()
        assert made.store.beside == {("another", "record"): {}}
        assert made.abandon()
        made.rebuild()
        assert made.store.in_use == expected(made.log)


def test_other_derivations_do_not_go_on_with_what_these_began(monkeypatch: pytest.MonkeyPatch) -> None:
    with house([user("a"), user("b")]) as made:
        made.fate.steps = 4
        with pytest.raises(Killed):
            made.rebuild()
        made.fate.steps = None
        monkeypatch.setattr(revisions, "MESSAGES", revisions.MESSAGES + 1)
        with pytest.raises(UsageError, match="other revisions"):
            made.rebuild()


def test_the_old_one_goes_on_when_nothing_was_begun() -> None:
    with house([user("a")]) as made:
        assert not made.abandon()
        assert made.store.in_use == {("old", "old"): {}}
