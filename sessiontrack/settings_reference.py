"""Writes `docs/settings.toml`, every key with its meaning and default: `python -m sessiontrack.settings_reference`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from sessiontrack.settings import Settings

HEADER = """\
# Every setting of SessionTrack, with its default. Copy what you change to `config.toml` in
# `sessiontrack/` of your configuration folder (~/.config on Linux), or name a file in SESSIONTRACK_CONFIG.
# Each key is an environment variable as well: [kafka] bootstrap_servers is SESSIONTRACK_KAFKA__BOOTSTRAP_SERVERS.
# Where a native stack was started with `sessiontrack up`, its addresses and passwords are found by themselves.
"""
# What a default depends on the user or the machine for is told in words.
COMPUTED = {
    "data_dir": "sessiontrack in the user's data folder",
    "cache_dir": "sessiontrack in the user's cache folder",
}


def render() -> str:
    """The text of the reference."""
    plain, sections = [], []
    for name, field in Settings.model_fields.items():
        if isinstance(field.default, BaseModel):
            sections.append(section(name, field.default))
        else:
            plain.append(key(name, field))
    return "\n".join([HEADER, *plain, *sections])


def section(name: str, model: BaseModel) -> str:
    """A table with its keys."""
    lines = [f"# {type(model).__doc__}\n[{name}]"]
    lines += [key(field_name, field) for field_name, field in type(model).model_fields.items()]
    return "\n".join(lines)


def key(name: str, field: FieldInfo) -> str:
    """A key, commented out, with its meaning above it."""
    shown = f'"{COMPUTED[name]}"' if name in COMPUTED else toml_value(field.get_default())
    return f"# {field.description}\n# {name} = {shown}\n"


def toml_value(value: Any) -> str:
    """A default as TOML writes it."""
    if isinstance(value, SecretStr):
        return '""'
    return json.dumps(value)


if __name__ == "__main__":
    path = Path(__file__).parent.parent / "docs" / "settings.toml"
    path.write_text(render(), encoding="utf-8")
