from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from streams.store import claimed_folder

CLAIM_AND_WAIT = (
    "import sys; from pathlib import Path; from streams.store import claimed_folder\n"
    "with claimed_folder(Path(sys.argv[1])) as folder:\n"
    "    print(folder.name, flush=True); sys.stdin.read()\n"
)


def test_each_claim_gets_a_folder_of_its_own(tmp_path: Path) -> None:
    with claimed_folder(tmp_path / "state") as first, claimed_folder(tmp_path / "state") as second:
        assert (first.name, second.name) == ("0", "1")


def test_a_folder_that_was_left_is_claimed_again(tmp_path: Path) -> None:
    with claimed_folder(tmp_path) as first:
        (first / "kept").touch()
    with claimed_folder(tmp_path) as again:
        assert (again / "kept").exists()


def test_a_killed_process_leaves_its_folder(tmp_path: Path) -> None:
    command = [sys.executable, "-c", CLAIM_AND_WAIT, str(tmp_path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(__file__).parents[3]
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"0\n"
        with claimed_folder(tmp_path) as other:
            assert other.name == "1"
        os.kill(process.pid, signal.SIGKILL)
    with claimed_folder(tmp_path) as folder:
        assert folder.name == "0"
