"""`schemas/records.py` is what the .avsc files say."""

from __future__ import annotations

from pathlib import Path

import schemas
from schemas.generate import render


def test_records_are_generated_from_the_schemas() -> None:
    committed = (Path(schemas.__file__).parent / "records.py").read_text("utf-8")
    assert committed == render(), "run `make format`"
