"""Whatever stands in a file, it is told of, counted and kept, and the rest goes on."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from producers.claims import claim_key
from producers.clawdbot import lines
from schemas.codec import Encoder
from tests.unit.producers.clawdbot.writing import (
    OTHER_SESSION,
    SESSION,
    Log,
    content,
    header,
    line,
    look_around,
    message,
    write,
)

_NOBODY = 65534

_DAMAGED = {
    "not JSON": b'{"type":"message","message":{"role":"user","con\n',
    "not UTF-8": b'{"type":"message","message":{"role":"user","content":"\xff"}}\n',
    "nested too deep": b'{"type":"custom","data":' + b"[" * 100_000 + b"]" * 100_000 + b"}\n",
    "no object": b"[1,2]\n",
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "agents" / "main" / "sessions" / f"{SESSION}.jsonl"


@contextmanager
def nobody() -> Iterator[None]:
    """Root may read everything: for a while this process is somebody else."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(_NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@contextmanager
def public_folder() -> Iterator[Path]:
    """A folder that nobody can enter, unlike those of pytest."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder


@pytest.mark.parametrize("fault", _DAMAGED)
async def test_a_damaged_line_is_told_of_counted_and_kept(path: Path, tmp_path: Path, fault: str) -> None:
    log = Log()
    data = header() + _DAMAGED[fault] + message(1) + _DAMAGED[fault]
    write(path, data)
    with capture_logs() as logs:
        await log.sources(tmp_path).read_all(final=True)
    assert [(each["fault"], each["line_number"], each["path"]) for each in logs] == [(fault, 2, str(path))]
    assert log.metric("capture_faults_total", fault=fault) == 2
    assert log.metric("records_received_total", worker="capture") == 4
    assert b"".join(log.lines) == data
    assert [event["kind"] for event in log.events][1:4] == ["UNPARSED", "MESSAGE", "UNPARSED"]


async def test_a_blank_line_is_counted_and_nobody_is_alarmed(path: Path, tmp_path: Path) -> None:
    log = Log()
    write(path, b"\n" + header() + b" \r\n")
    with capture_logs() as logs:
        await log.sources(tmp_path).read_all(final=True)
    assert not logs
    assert log.metric("capture_faults_total", fault="blank") == 2


async def test_an_unknown_type_is_told_of_and_kept(path: Path, tmp_path: Path) -> None:
    log = Log()
    write(path, header() + line(type="hologram", id="1") + line(id="2"))
    with capture_logs() as logs:
        await log.reader(tmp_path).read_all(final=True)
    assert [each["fault"] for each in logs] == ["unknown type"]
    assert [event["entry_type"] for event in log.of_kind("UNKNOWN")] == ["hologram", None]


async def test_nul_and_lone_surrogates_are_no_fault(path: Path, tmp_path: Path) -> None:
    log = Log()
    write(path, header() + message(1, "a\0b\ud83dc"))
    with capture_logs() as logs:
        await log.reader(tmp_path).read_all(final=True)
    assert not logs
    (event,) = log.of_kind("MESSAGE")
    assert event["payload"]
    assert event["payload"]["message"]
    assert event["payload"]["message"]["content"][0]["text"] == "a\ufffdb\ufffdc"


async def test_a_line_that_is_too_long_is_kept_unparsed(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "LONGEST_ENTRY_BYTES", 1000)
    log = Log()
    write(path, header() + message(1, "x" * 1000) + message(2))
    with capture_logs() as logs:
        await log.reader(tmp_path).read_all(final=True)
    assert [each["fault"] for each in logs] == ["too long"]
    assert b"".join(log.lines) == content(path)
    assert [event["kind"] for event in log.events][:3] == ["SESSION", "UNPARSED", "MESSAGE"]


async def test_clocks_that_jump(path: Path, tmp_path: Path) -> None:
    log = Log()
    reader = log.reader(tmp_path)
    write(path, header() + message(1, at="2099-01-01T00:00:00.000Z") + message(2, at="1969-01-01T00:00:00.000Z"))
    with capture_logs() as logs:
        await reader.read_all(final=False)
    assert [(each["fault"], each["line_number"]) for each in logs] == [("in the future", 2)]
    write(path, message(3), append=True)
    os.utime(path, ns=(0, 0))
    await reader.read_changed([path])
    assert log.lines[-1] == message(3)


@pytest.mark.parametrize(
    "session_id",
    ["../../../etc/passwd", "/etc/passwd", "..", "a\0b", "\ud800", "\U0001f98e" * 100, "x" * 4096, "a\n\x1b[2J", "%2e"],
    ids=["up", "absolute", "dots", "NUL", "surrogate", "emoji", "4 KiB", "control", "quoted"],
)  # fmt: skip
async def test_odd_session_ids_are_ids_like_others(path: Path, tmp_path: Path, session_id: str) -> None:
    log, again = Log(), Log()
    write(path, header(session_id) + message(1))
    for each in (log, again):
        await each.reader(tmp_path).read_all(final=True)
    (kept,) = {event["session_id"] for event in log.events + again.events}
    assert 0 < len(kept.encode()) <= 255
    assert "\0" not in kept
    for event in log.events:
        Encoder("session-event", 1).encode(event)
    assert claim_key(kept, b"\1").count("/") == 2
    assert claim_key(kept, b"\1").split("/")[1] not in {"", ".", ".."}


async def test_an_unreadable_file_is_told_of_counted_and_read_once_it_can_be() -> None:
    log = Log()
    with public_folder() as folder:
        secret, other = folder / f"{SESSION}.jsonl", folder / f"{OTHER_SESSION}.jsonl"
        write(secret, header())
        write(other, header(OTHER_SESSION))
        other.chmod(0o644)
        secret.chmod(0)
        reader = log.sources(folder)
        with nobody(), capture_logs() as logs:
            await reader.read_all(final=False)
            await look_around(reader)
        assert [(each["path"], each["reason"]) for each in logs] == [(str(secret), "Permission denied")]
        assert log.lines == [header(OTHER_SESSION)]
        assert log.metric("capture_files_passed_over", reason="unreadable") == 1
        secret.chmod(0o644)
        with nobody():
            await look_around(reader)
        assert log.lines == [header(OTHER_SESSION), header()]
        assert log.metric("capture_files_passed_over", reason="unreadable") is None
        assert log.metric("capture_files_watched") == 2
