from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.clawdbot.checkpoints import Checkpoint, CheckpointStore, Stamp, exclusive
from producers.transcript import Transcript, TranscriptPosition, TranscriptSource
from sessiontrack.errors import UsageError

_POSITION = Transcript(TranscriptSource(session_id="s")).position

_texts = st.text(st.characters(exclude_categories=["Cs"]))
_numbers = st.integers(0, 2**63 - 1)
_positions = st.builds(
    lambda lines, size: TranscriptPosition({**_POSITION, "lines": lines, "bytes": size}), _numbers, _numbers
)
_paths = st.binary(min_size=1).filter(lambda name: b"\0" not in name).map(lambda name: Path(os.fsdecode(b"/" + name)))


@st.composite
def _checkpoints(draw: st.DrawFn) -> Checkpoint:
    return Checkpoint(
        path=draw(_paths),
        session_id=draw(_texts),
        agent_id=draw(st.none() | _texts),
        stamp=Stamp(draw(_numbers), draw(st.integers(0, 2**64 - 1)), draw(_numbers), draw(_numbers)),
        position=draw(_positions),
        torn_position=draw(st.none() | _positions),
        headed=draw(st.booleans()),
        context_ids=tuple(draw(st.lists(st.uuids().map(str)))),
    )


def checkpoint(path: str, **fields: object) -> Checkpoint:
    values: dict[str, object] = {"session_id": "s", "agent_id": None, "stamp": Stamp(1, 2, 3, 4), "position": _POSITION}
    return Checkpoint(path=Path(path), **{**values, **fields})  # type: ignore[arg-type]


@given(st.lists(_checkpoints(), unique_by=lambda each: each.path))
def test_what_is_saved_is_loaded(tmp_path_factory: pytest.TempPathFactory, checkpoints: list[Checkpoint]) -> None:
    folder = tmp_path_factory.mktemp("capture")
    store = CheckpointStore(folder)
    store.save(checkpoints)
    store.close()
    again = CheckpointStore(folder)
    assert again.load() == {each.path: each for each in checkpoints}
    again.close()


def test_a_store_is_closed_after_a_write_that_is_under_way(tmp_path: Path) -> None:
    store, is_saving, may_go_on = CheckpointStore(tmp_path), Event(), Event()

    def slowly() -> Iterator[Checkpoint]:
        is_saving.set()
        may_go_on.wait()
        yield checkpoint("/a")

    with ThreadPoolExecutor() as threads:
        saving = threads.submit(store.save, slowly())
        is_saving.wait()
        closing = threads.submit(store.close)
        may_go_on.set()
        saving.result()
        closing.result()
    again = CheckpointStore(tmp_path)
    assert set(again.load()) == {Path("/a")}
    again.close()


def test_a_rename_replaces_the_old_name(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path)
    store.save([checkpoint("/a")])
    store.save([checkpoint("/a.reset"), checkpoint("/a", session_id="new")], forget=[Path("/a")])
    assert {str(path): each.session_id for path, each in store.load().items()} == {"/a.reset": "s", "/a": "new"}
    store.close()


def test_a_write_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path)
    store.save([checkpoint("/a")])
    with pytest.raises(sqlite3.Error):
        store.save([checkpoint("/b"), checkpoint("/c", session_id=None)], forget=[Path("/a")])
    assert set(store.load()) == {Path("/a")}
    store.close()


def test_a_data_folder_serves_one_capture_at_a_time(tmp_path: Path) -> None:
    with exclusive(tmp_path), pytest.raises(UsageError, match=f"process {os.getpid()}") as refusal, exclusive(tmp_path):
        pass
    assert refusal.value.hint
    with exclusive(tmp_path):
        pass
