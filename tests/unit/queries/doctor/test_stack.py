from __future__ import annotations

from pathlib import Path

import pytest

from infra.stack import prerequisites
from queries.doctor.stack import check_prerequisites, check_workers
from sessiontrack.errors import UsageError
from sessiontrack.providers import spaces
from sessiontrack.settings import STACK_FILE, EmbeddingSettings, Settings


def test_where_no_stack_was_started_nothing_is_asked_of_the_machine(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    assert check_prerequisites(settings) == []
    assert check_workers(settings) == []


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = Settings(data_dir=tmp_path, embedding=EmbeddingSettings(enabled=True))
    (tmp_path / STACK_FILE).write_text('{"settings": {}}')
    return settings


def test_what_the_stack_misses_is_told_with_the_command_that_installs_it(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*_: object) -> None:
        raise UsageError("a JDK is missing", hint="sudo apt install openjdk")

    monkeypatch.setattr(prerequisites, "find_tools", missing)
    (finding,) = check_prerequisites(settings)
    assert (finding.level, finding.mend) == ("wrong", "sudo apt install openjdk")


def test_workers_that_do_not_run_are_named(settings: Settings) -> None:
    (finding,) = check_workers(settings)
    assert finding.level == "wrong"
    assert "streams is stopped" in finding.found
    assert finding.mend == "sessiontrack up"


def test_who_can_not_embed_is_told_what_is_missing(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(spaces._PACKAGES, spaces.MINILM, ("never-published",))
    _, finding = check_workers(settings)
    assert (finding.level, finding.check) == ("warning", "embeddings")
    assert "/path/to/clone[embeddings]" in finding.mend
    without = settings.model_copy(update={"embedding": EmbeddingSettings(enabled=False)})
    assert len(check_workers(without)) == 1
