"""The annotated reference is true, and complete."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from sessiontrack.settings import Settings
from sessiontrack.settings_reference import COMPUTED, render

REFERENCE = Path(__file__).parents[3] / "docs" / "settings.toml"


def test_the_reference_is_generated_from_the_settings() -> None:
    assert REFERENCE.read_text("utf-8") == render(), "run `make format`"


def test_every_key_uncommented_is_accepted_and_is_the_default() -> None:
    uncommented = re.sub(r"^# (\w+ = )", r"\1", REFERENCE.read_text("utf-8"), flags=re.MULTILINE)
    values: dict[str, Any] = {name: value for name, value in tomllib.loads(uncommented).items() if name not in COMPUTED}
    assert set(values) == set(Settings.model_fields) - set(COMPUTED)
    for name, value in values.items():
        default = Settings.model_fields[name].default
        expected = type(default).model_validate(value) if isinstance(default, BaseModel) else value
        assert expected == default
