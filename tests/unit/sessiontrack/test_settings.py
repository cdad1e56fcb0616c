"""Where settings come from, and in which order."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from sessiontrack.settings import STACK_FILE, Settings


@pytest.fixture(autouse=True)
def no_user_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SESSIONTRACK_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("SESSIONTRACK_DATA_DIR", str(tmp_path / "data"))


def leave_stack_file(data_dir: Path) -> None:
    data_dir.mkdir()
    settings = {"kafka": {"bootstrap_servers": "127.0.0.1:1"}, "s3": {"secret_key": "hidden"}}
    (data_dir / STACK_FILE).write_text(json.dumps({"settings": settings}))


def test_a_running_stack_is_found(tmp_path: Path) -> None:
    leave_stack_file(tmp_path / "data")
    assert Settings().kafka.bootstrap_servers == "127.0.0.1:1"


def test_the_environment_wins_over_the_file_and_the_file_over_the_stack(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave_stack_file(tmp_path / "data")
    (tmp_path / "config.toml").write_text('[kafka]\nbootstrap_servers = "file:2"\n[registry]\nurl = "http://file"\n')
    monkeypatch.setenv("SESSIONTRACK_KAFKA__BOOTSTRAP_SERVERS", "environment:3")
    settings = Settings()
    assert settings.kafka.bootstrap_servers == "environment:3"
    assert settings.registry.url == "http://file"


def test_secrets_are_not_shown(tmp_path: Path) -> None:
    leave_stack_file(tmp_path / "data")
    settings = Settings()
    assert settings.s3.secret_key.get_secret_value() == "hidden"
    assert "hidden" not in repr(settings)
    assert "hidden" not in settings.model_dump_json()


def test_a_misspelt_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[kafka]\nbootstrap_server = "x:1"\n')
    with pytest.raises(ValidationError, match="bootstrap_server"):
        Settings()


def test_a_relative_folder_means_the_same_wherever_a_worker_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SESSIONTRACK_DATA_DIR", "somewhere")
    assert Settings().data_dir == Path.cwd() / "somewhere"
