"""Each release starts with the data folders of those before it, and refuses those of later ones."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from cli.exits import Exit
from infra.stack.state import load_state
from infra.workers import load_records
from producers.clawdbot.checkpoints import CheckpointStore
from producers.spool.folders import spool_root
from producers.spool.spool import Spool
from schemas.codec import Decoder
from schemas.topics import EVENTS
from sessiontrack.data_folder import FORMAT, claim_data_folder, require_known_format
from sessiontrack.errors import UsageError
from sessiontrack.settings import Settings
from tests.data_folders import CHECKPOINT, EVENT, FOLDERS, GENERATION, STATE, WORKERS


@pytest.fixture(params=range(1, FORMAT + 1))
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A data folder of a release, as it was left."""
    kept = FOLDERS / str(request.param)
    assert kept.exists(), "python -m tests.data_folders writes it; commit it with the format"
    shutil.copytree(kept, tmp_path / "data")
    claim_data_folder(tmp_path / "data")
    return tmp_path / "data"


def test_a_capture_goes_on_where_the_one_before_stopped(folder: Path) -> None:
    with closing(CheckpointStore(folder / "capture")) as store:
        assert store.load() == {CHECKPOINT.path: CHECKPOINT}
        assert store.load_generations() == {GENERATION.key: GENERATION}


def test_what_waits_in_the_spool_is_sent(folder: Path) -> None:
    with closing(Spool(spool_root(folder), b"{}", 2**30, 0)) as spool:
        spool.adopt()
        [event] = spool.read(2**20)
    assert Decoder(EVENTS.schema, lambda schema_id: json.loads(event.schema)).decode(event.value) == EVENT


def test_the_stack_and_its_workers_are_found_again(folder: Path) -> None:
    assert load_state(folder / "servers" / "state.json") == STATE
    assert load_records(folder) == WORKERS
    assert Settings(data_dir=folder).kafka.bootstrap_servers == "127.0.0.1:20001"


def test_a_new_folder_gets_the_present_format(tmp_path: Path) -> None:
    claim_data_folder(tmp_path / "new")
    assert (tmp_path / "new" / "format").read_text() == f"{FORMAT}\n"
    claim_data_folder(tmp_path / "new")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["format"]


@pytest.mark.parametrize("text", [f"{FORMAT + 1}\n", "", "two"], ids=["later", "empty", "no number"])
def test_a_folder_that_is_not_understood_is_left_alone(tmp_path: Path, text: str) -> None:
    (tmp_path / "format").write_text(text)
    for use in (claim_data_folder, require_known_format):
        with pytest.raises(UsageError, match=str(tmp_path)) as refusal:
            use(tmp_path)
        assert refusal.value.hint
    assert (tmp_path / "format").read_text() == text


@pytest.mark.parametrize("command", [["up"], ["capture", "--once"], ["run", "archive"]], ids=lambda words: words[0])
def test_commands_refuse_a_folder_of_a_later_release(tmp_path: Path, command: list[str]) -> None:
    (tmp_path / "format").write_text(f"{FORMAT + 1}\n")
    environment = os.environ | {
        "SESSIONTRACK_DATA_DIR": str(tmp_path),
        "SESSIONTRACK_CAPTURE__ROOTS": f'["{tmp_path}"]',
    }
    refused = subprocess.run(
        [sys.executable, "-m", "cli.main", *command], env=environment, capture_output=True, text=True, timeout=120
    )
    assert refused.returncode == Exit.USAGE
    assert f"of format {FORMAT + 1}" in refused.stderr
