from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.stack.keeper import RotatingLog


# No deadline: the disk of a busy machine decides how long an example takes.
@settings(deadline=None)
@given(chunks=st.lists(st.binary(min_size=1, max_size=40), max_size=60))
def test_log_keeps_the_newest_output_within_its_bound(
    tmp_path_factory: pytest.TempPathFactory, chunks: list[bytes]
) -> None:
    path = tmp_path_factory.mktemp("log") / "server.log"
    log = RotatingLog(str(path), max_bytes=50, backups=2)
    for chunk in chunks:
        log.write(chunk)
    files = [path.with_name(f"{path.name}.2"), path.with_name(f"{path.name}.1"), path]
    kept = [file.read_bytes() for file in files if file.exists()]
    assert b"".join(chunks).endswith(b"".join(kept))
    assert all(len(content) <= 50 for content in kept)
    assert path.stat().st_mode & 0o777 == 0o600


def test_log_goes_on_in_the_file_of_the_last_start(tmp_path: Path) -> None:
    path = tmp_path / "server.log"
    RotatingLog(str(path), max_bytes=50, backups=1).write(b"first ")
    RotatingLog(str(path), max_bytes=50, backups=1).write(b"second")
    assert path.read_bytes() == b"first second"
