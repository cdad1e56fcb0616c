from __future__ import annotations

import os
from pathlib import Path

import pytest

from producers.clawdbot.checkpoints import exclusive
from producers.spool.folders import spool_root
from producers.spool.spool import Spool
from queries.doctor.capture import check_capture, check_inotify, check_spool, check_state_folders
from sessiontrack.settings import Settings

NOW = 1_795_309_060.0
_MIB = 1024**2


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.model_validate({"data_dir": tmp_path / "data", "capture": {"spool_bytes": 16 * _MIB}})


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / ".clawdbot" / "agents" / "main" / "sessions"
    folder.mkdir(parents=True)
    _touch(folder / "11111111-2222-4333-8444-555555555555.jsonl", NOW)
    return tmp_path / ".clawdbot"


def _touch(path: Path, at: float) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    os.utime(path, (at, at))


def test_transcripts_are_counted(root: Path) -> None:
    finding = check_state_folders([root])
    assert finding.level == "ok"
    assert finding.found.startswith("1 in ")


def test_no_state_folder_is_a_warning_and_a_missing_one_is_wrong(tmp_path: Path) -> None:
    assert check_state_folders([]).level == "warning"
    assert check_state_folders([tmp_path / "gone"]).level == "wrong"


def test_a_transcript_that_can_not_be_read_is_named(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    finding = check_state_folders([root])
    assert finding.level == "wrong"
    assert ".jsonl" in finding.found


@pytest.mark.parametrize(
    ("watches", "instances", "level"), [(8192, 128, "ok"), (6, 128, "warning"), (4, 128, "wrong"), (8192, 8, "warning")]
)
def test_folders_are_held_against_the_kernels_limits(
    root: Path, tmp_path: Path, watches: int, instances: int, level: str
) -> None:
    limits = tmp_path / "inotify"
    limits.mkdir()
    (limits / "max_user_watches").write_text(f"{watches}\n")
    (limits / "max_user_instances").write_text(f"{instances}\n")
    (finding,) = check_inotify([root], limits)
    assert finding.level == level


def test_a_system_without_inotify_has_no_such_limit(root: Path, tmp_path: Path) -> None:
    assert check_inotify([root], tmp_path / "none") == []


def test_a_capture_that_ended_is_wrong_once_there_is_more_to_capture(settings: Settings, root: Path) -> None:
    assert check_capture(settings, [root], NOW).level == "warning"
    _touch(settings.data_dir / "capture" / "checkpoints.sqlite", NOW - 7200)
    finding = check_capture(settings, [root], NOW)
    assert finding.level == "wrong"
    assert "2 hours ago" in finding.found
    assert check_capture(settings, [], NOW).level == "warning"


@pytest.mark.parametrize(("behind", "level"), [(10, "ok"), (3600, "wrong")])
def test_a_capture_that_runs_has_seen_the_newest_transcript(
    settings: Settings, root: Path, behind: float, level: str
) -> None:
    with exclusive(settings.data_dir / "capture"):
        _touch(settings.data_dir / "capture" / "checkpoints.sqlite", NOW - behind)
        assert check_capture(settings, [root], NOW).level == level


@pytest.mark.parametrize(("size", "level"), [(0, "ok"), (1, "warning"), (9 * _MIB, "wrong")])
def test_what_waits_in_the_spool_is_told(settings: Settings, size: int, level: str) -> None:
    spool = Spool(spool_root(settings.data_dir), b"{}", settings.capture.spool_bytes, 0)
    if size:
        spool.append([b"x" * size])
    assert check_spool(settings).level == level
    spool.close()


def test_events_that_were_refused_for_good_are_told(settings: Settings) -> None:
    spool = Spool(spool_root(settings.data_dir), b"{}", settings.capture.spool_bytes, 0)
    spool.append([b"bad"])
    spool.set_aside(spool.read(1)[0])
    spool.acknowledge()
    spool.close()
    finding = check_spool(settings)
    assert finding.level == "warning"
    assert finding.found.startswith("1 events")
