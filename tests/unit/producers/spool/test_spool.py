from __future__ import annotations

import errno
import os
import shutil
from collections import namedtuple
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.spool import spool as spool_module
from producers.spool.folders import new_folder, orphans, spool_size
from producers.spool.spool import Spool
from sessiontrack.errors import TransientError

SCHEMA = b'{"type":"bytes"}'
LIMIT = 64 * 1024**2
RESERVE = 1024**3
_values = st.lists(st.binary(min_size=1, max_size=300), min_size=1, max_size=20)


def rest_of(spool: Spool, chunk: int = 1000) -> list[bytes]:
    """Everything that is left, acknowledged as it is read."""
    values = []
    while not spool.is_empty:
        events = spool.read(chunk)
        assert {event.schema for event in events} <= {SCHEMA}
        values += [event.value for event in events]
        spool.acknowledge()
    return values


def segments(root: Path) -> list[Path]:
    return sorted(root.glob("*/*.segment"))


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path, SCHEMA, LIMIT, RESERVE)


def test_what_was_appended_is_read_in_order_and_gone_once_acknowledged(spool: Spool, tmp_path: Path) -> None:
    spool.append([b"one"])
    spool.append([b"two", b"three"])
    assert [event.value for event in spool.read(1)] == [b"one"]
    spool.acknowledge()
    spool.append([b"four"])
    assert rest_of(spool) == [b"two", b"three", b"four"]
    assert segments(tmp_path) == []
    spool.append([b"five"])
    assert rest_of(spool) == [b"five"]
    spool.close()
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_acknowledged_is_read_again(spool: Spool) -> None:
    spool.append([b"one", b"two", b"three"])
    spool.read(1)
    spool.acknowledge()
    spool.read(1)
    spool.rewind()
    assert rest_of(spool) == [b"two", b"three"]
    spool.close()


def test_segments_are_rolled_and_removed_one_by_one(
    spool: Spool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool_module, "_SEGMENT_BYTES", 1000)
    values = [bytes([number]) * 400 for number in range(1, 10)]
    for value in values:
        spool.append([value])
    before = len(segments(tmp_path))
    assert before > 3
    first = spool.read(10_000)
    spool.acknowledge()
    assert len(segments(tmp_path)) == before - 1
    assert [event.value for event in first] + rest_of(spool) == values
    spool.close()


def test_a_successor_reads_what_a_process_left(tmp_path: Path) -> None:
    gone, other = Spool(tmp_path, SCHEMA, LIMIT, RESERVE), Spool(tmp_path, SCHEMA, LIMIT, RESERVE)
    gone.append([b"left"])
    other.append([b"alive"])
    gone.close()
    successor = Spool(tmp_path, SCHEMA, LIMIT, RESERVE)
    successor.append([b"new"])
    successor.adopt()
    assert rest_of(successor) == [b"left", b"new"]
    assert rest_of(other) == [b"alive"]
    successor.close()
    other.close()
    assert list(tmp_path.iterdir()) == []


@given(_values, st.data())
def test_of_a_torn_segment_every_whole_record_is_read(values: list[bytes], data: st.DataObject) -> None:
    with TemporaryDirectory() as folder:
        root = Path(folder)
        spool = Spool(root, SCHEMA, LIMIT, RESERVE)
        ends = []
        for value in values:
            spool.append([value])
            ends.append(segments(root)[0].stat().st_size)
        spool.close()
        (path,) = segments(root)
        size = data.draw(st.integers(0, ends[-1]), label="torn at")
        garbage = data.draw(st.sampled_from([b"", bytes(64), b"\xff" * 64, b"\x00\x00\x00\x01abcde"]), label="then")
        os.truncate(path, size)
        with path.open("ab") as file:
            file.write(garbage)
        successor = Spool(root, SCHEMA, LIMIT, RESERVE)
        successor.adopt()
        successor.append([b"new"])
        whole = sum(end <= size for end in ends)
        assert rest_of(successor) == [*values[:whole], b"new"]
        successor.close()


def test_a_full_spool_says_what_to_do_and_takes_more_once_it_is_emptied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool_module, "_SEGMENT_BYTES", 1000)
    spool = Spool(tmp_path, SCHEMA, 3000, RESERVE)
    accepted = [bytes([number]) * 100 for number in range(1, 15)]
    for value in accepted:
        spool.append([value])
    with pytest.raises(TransientError, match="full") as refusal:
        spool.append([b"x" * 2000])
    assert refusal.value.hint
    assert "SPOOL_BYTES" in refusal.value.hint
    assert spool_size(tmp_path).bytes <= 3000
    assert rest_of(spool) == accepted
    spool.append([b"again"])
    assert rest_of(spool) == [b"again"]
    spool.close()


def test_a_disk_that_is_nearly_full_is_left_to_others(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(100 * 1024**3, 0, 1024**3))
    with pytest.raises(TransientError, match="nearly full"):
        spool.append([b"one"])
    assert spool.is_empty
    spool.close()


def test_a_write_that_fails_half_way_accepts_nothing(
    spool: Spool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool.append([b"one"])
    write = os.write
    monkeypatch.setattr(os, "write", _failing_half_way(write))
    with pytest.raises(TransientError, match="No space"):
        spool.append([b"two" * 100])
    monkeypatch.setattr(os, "write", write)
    spool.append([b"three"])
    assert rest_of(spool) == [b"one", b"three"]
    spool.close()


def _failing_half_way(write: Any) -> Any:
    calls: list[int] = []

    def failing(handle: int, data: memoryview) -> int:
        if calls:
            raise OSError(errno.ENOSPC, "No space left on device")
        calls.append(handle)
        return int(write(handle, data[: len(data) // 2]))

    return failing


def test_a_folder_is_held_by_one(tmp_path: Path) -> None:
    folder = new_folder(tmp_path)
    folder.segment_path(1).write_bytes(b"x")
    assert orphans(tmp_path) == []
    folder.release()
    (orphan,) = orphans(tmp_path)
    assert orphan.path == folder.path
    assert orphans(tmp_path) == []
    orphan.release()


def test_what_people_wrote_is_private(spool: Spool, tmp_path: Path) -> None:
    spool.append([b"one"])
    (path,) = segments(tmp_path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    spool.sync()
    spool.close()


def test_an_event_that_is_set_aside_is_kept_and_not_read_again(spool: Spool, tmp_path: Path) -> None:
    spool.append([b"bad"])
    (bad,) = spool.read(1)
    path = spool.set_aside(bad)
    spool.acknowledge()
    assert b"bad" in path.read_bytes()
    spool.close()
    successor = Spool(tmp_path, SCHEMA, LIMIT, RESERVE)
    successor.adopt()
    assert successor.is_empty
