"""No schema breaks a committed earlier version: each reads, and is read by, all of them (FULL_TRANSITIVE)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from avro.compatibility import ReaderWriterCompatibilityChecker, SchemaCompatibilityType
from avro.schema import parse

import schemas
from schemas.avro import SCHEMA_FILES, load_schema

VERSIONS = Path(schemas.__file__).parent / "avro" / "versions"


def versions(name: str) -> list[dict[str, Any]]:
    """The committed versions of a schema, oldest first."""
    paths = sorted((VERSIONS / name).glob("*.avsc"), key=lambda path: int(path.stem))
    return [json.loads(path.read_text("utf-8")) for path in paths]


def reads(reader: dict[str, Any], writer: dict[str, Any]) -> list[str]:
    """What keeps `reader` from reading what `writer` wrote; empty where nothing does."""
    result = ReaderWriterCompatibilityChecker().get_compatibility(parse(json.dumps(reader)), parse(json.dumps(writer)))
    return [] if result.compatibility is SchemaCompatibilityType.compatible else list(result.messages)


@pytest.mark.parametrize("name", SCHEMA_FILES)
def test_the_schema_is_committed_as_its_latest_version(name: str) -> None:
    assert versions(name)[-1] == load_schema(name), (
        f"copy schemas/avro/{name}.avsc to schemas/avro/versions/{name}/{len(versions(name)) + 1}.avsc"
    )


@pytest.mark.parametrize("name", SCHEMA_FILES)
def test_every_version_reads_every_other(name: str) -> None:
    for older in versions(name):
        assert reads(load_schema(name), older) == []
        assert reads(older, load_schema(name)) == []


def test_a_breaking_change_is_found() -> None:
    schema = load_schema("session")
    broken = {**schema, "fields": [*schema["fields"], {"name": "mandatory", "type": "string"}]}
    assert reads(broken, schema)
