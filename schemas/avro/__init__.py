"""The .avsc files."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

SCHEMA_FILES = ("session-event", "session", "message", "tool-call", "chunk", "session-vector", "dead-letter")


def load_schema(name: str) -> dict[str, Any]:
    """The JSON of `schemas/avro/<name>.avsc`.

    Args:
        name: One of `SCHEMA_FILES`.
    """
    schema: dict[str, Any] = json.loads(files(__package__).joinpath(f"{name}.avsc").read_text("utf-8"))
    return schema
