from __future__ import annotations

import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from queries.doctor.machine import check_config, check_data_folder, check_disk, check_python

_GIB = 1024**3


@pytest.mark.parametrize(
    ("version", "level"), [((3, 10), "wrong"), ((3, 11), "ok"), ((3, 13), "ok"), ((3, 14), "wrong")]
)
def test_python_is_one_of_those_that_are_tested(version: tuple[int, int], level: str) -> None:
    assert check_python(version).level == level


def test_a_data_folder_that_is_not_there_is_no_fault(tmp_path: Path) -> None:
    assert check_data_folder(tmp_path / "a" / "b").level == "ok"


@pytest.mark.parametrize(("mode", "level"), [(0o700, "ok"), (0o711, "ok"), (0o755, "warning"), (0o770, "warning")])
def test_a_data_folder_is_private(tmp_path: Path, mode: int, level: str) -> None:
    tmp_path.chmod(mode)
    finding = check_data_folder(tmp_path)
    assert finding.level == level
    if finding.mend:
        assert str(tmp_path) in finding.mend


@pytest.mark.parametrize(("free", "level"), [(50 * _GIB, "ok"), (3 * _GIB, "warning"), (_GIB // 2, "wrong")])
def test_a_disk_needs_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, level: str) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(100 * _GIB, 0, free))
    assert check_disk(tmp_path / "not" / "there", _GIB).level == level


@pytest.mark.parametrize(
    ("text", "mode", "level"),
    [
        (None, 0, "ok"),
        ('[s3]\nsecret_key = "x"\n', 0o600, "ok"),
        ('[s3]\nsecret_key = "x"\n', 0o644, "wrong"),
        ('[s3]\nbucket = "x"\n', 0o644, "ok"),
        ("[s3\n", 0o600, "wrong"),
    ],
)
def test_a_configuration_keeps_its_secrets(tmp_path: Path, text: str | None, mode: int, level: str) -> None:
    path = tmp_path / "config.toml"
    if text is not None:
        path.write_text(text)
        path.chmod(mode)
    assert check_config(path).level == level
