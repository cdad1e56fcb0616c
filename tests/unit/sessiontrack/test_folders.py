from __future__ import annotations

from pathlib import Path

import pytest

from sessiontrack.folders import private_folder


def test_every_folder_that_is_made_is_private(tmp_path: Path) -> None:
    before = tmp_path.stat().st_mode
    path = tmp_path / "data" / "spool" / "mine"
    for _ in range(2):
        assert private_folder(path) == path
    assert [each.stat().st_mode & 0o777 for each in (path, path.parent, path.parent.parent)] == [0o700] * 3
    assert tmp_path.stat().st_mode == before


def test_a_file_in_the_way_is_told(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(OSError, match="data"):
        private_folder(tmp_path / "data" / "spool")
