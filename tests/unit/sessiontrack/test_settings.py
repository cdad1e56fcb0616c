"""Where settings come from, and in which order."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from sessiontrack.errors import UsageError
from sessiontrack.settings import STACK_FILE, Settings, get_settings, with_servers


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


def test_a_file_that_is_no_toml_is_told_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("[kafka\n")
    with pytest.raises(UsageError, match=r"config\.toml"):
        get_settings.__wrapped__()


@pytest.mark.parametrize(
    ("configured", "broker", "registry", "found"),
    [
        ("http://127.0.0.1:8081", "kafka.example:9092", None, "http://kafka.example:8081/apis/ccompat/v7"),
        ("http://127.0.0.1:9999/apis/ccompat/v7", "127.0.0.1:1", None, "http://127.0.0.1:9999/apis/ccompat/v7"),
        ("http://registry.example", "kafka.example:9092", None, "http://registry.example"),
        ("http://127.0.0.1:8081", "kafka.example:9092,b:2", "https://r.example/x", "https://r.example/x"),
        ("http://127.0.0.1:8081", "[2001:db8::1]:9092", None, "http://[2001:db8::1]:8081/apis/ccompat/v7"),
    ],
)
def test_a_broker_elsewhere_brings_its_registry(configured: str, broker: str, registry: str | None, found: str) -> None:
    settings = with_servers(Settings.model_validate({"registry": {"url": configured}}), broker, registry)
    assert settings.kafka.bootstrap_servers == broker
    assert settings.registry.url == found


@pytest.mark.parametrize(("broker", "registry"), [("kafka.example", None), ("a:1,b", None), ("a:1", "registry:8081")])
def test_an_address_that_is_none_is_refused(broker: str, registry: str | None) -> None:
    with pytest.raises(UsageError) as refusal:
        with_servers(Settings(), broker, registry)
    assert refusal.value.hint


def test_a_relative_folder_means_the_same_wherever_a_worker_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SESSIONTRACK_DATA_DIR", "somewhere")
    assert Settings().data_dir == Path.cwd() / "somewhere"
