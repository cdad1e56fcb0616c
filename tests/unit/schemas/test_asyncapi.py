"""`docs/asyncapi.yaml` is what the schemas say, and is an AsyncAPI document."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

import schemas
from schemas.asyncapi import document, render
from schemas.topics import EVENTS, TOPICS
from tests.npm import ASYNCAPI_SPECS, installed

COMMITTED = Path(schemas.__file__).parents[1] / "docs" / "asyncapi.yaml"


@pytest.fixture(scope="module")
def specification(tmp_path_factory: pytest.TempPathFactory) -> Draft7Validator:
    folder = installed(ASYNCAPI_SPECS, tmp_path_factory.mktemp("asyncapi") / "npm")
    schema = folder / "node_modules" / "@asyncapi" / "specs" / "schemas" / "3.0.0.json"
    return Draft7Validator(json.loads(schema.read_text("utf-8")))


def test_it_is_generated_from_the_schemas() -> None:
    assert COMMITTED.read_text("utf-8") == render(), "run `make format`"
    assert yaml.safe_load(render()) == document()


def test_it_is_an_asyncapi_document(specification: Draft7Validator) -> None:
    assert [f"{list(error.path)}: {error.message}" for error in specification.iter_errors(document())] == []


def test_what_is_no_avro_schema_is_refused(specification: Draft7Validator) -> None:
    wrong = document()
    wrong["components"]["messages"]["Session"]["payload"]["schema"]["fields"][0]["type"] = {"type": "nonsense"}
    assert not specification.is_valid(wrong)


def test_every_reference_leads_somewhere() -> None:
    for reference in _references(document()):
        place: Any = document()
        for name in reference.removeprefix("#/").split("/"):
            place = place[name]


def test_every_topic_can_be_received_and_only_events_are_sent() -> None:
    operations = document()["operations"].values()
    channels = {f"#/channels/{name}": channel["address"] for name, channel in document()["channels"].items()}
    received = [channels[each["channel"]["$ref"]] for each in operations if each["action"] == "receive"]
    assert received == [topic.name for topic in TOPICS]
    assert [channels[each["channel"]["$ref"]] for each in operations if each["action"] == "send"] == [EVENTS.name]


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)
