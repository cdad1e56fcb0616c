from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from sessiontrack.rebuilding import locked, rebuild_folder

HOLD = """
import sys
from pathlib import Path
from sessiontrack.rebuilding import locked
with locked(Path(sys.argv[1])) as is_ours:
    print(is_ours, flush=True)
    sys.stdin.read()
"""


def test_one_process_at_a_time_has_it_until_it_ends_however_it_ends(tmp_path: Path) -> None:
    folder = rebuild_folder(tmp_path, "opensearch")
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with holder:
        assert holder.stdout
        assert holder.stdout.readline() == "True\n"
        with locked(folder) as is_ours:
            assert not is_ours
        holder.kill()
    with locked(folder) as is_ours:
        assert is_ours
