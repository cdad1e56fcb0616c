from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from operations.dead_letters.redrive import redrive
from queries.dead_letters.topic import Standing
from sessiontrack.errors import UsageError
from sessiontrack.rebuilding import locked, plan_file, rebuild_folder
from sessiontrack.settings import S3Settings, Settings
from tests.unit.queries.dead_letters.letters import summary


def test_nothing_goes_to_a_store_that_is_about_to_be_given_up(tmp_path: Path) -> None:
    folder = rebuild_folder(tmp_path, "postgres")
    with locked(folder):
        plan_file(folder).write_text("{}")
    settings = Settings(data_dir=tmp_path, s3=S3Settings(secret_key=SecretStr("secret")))
    letters = [summary(group="sessiontrack.opensearch"), summary(group="sessiontrack.postgres")]

    with pytest.raises(UsageError, match="a rebuild of postgres has begun"):
        redrive(settings, Standing({}, {}), letters)
