"""What is stored for a record."""

import json
from importlib.resources import files
from typing import Any

import pytest

from consumers.opensearch.documents import document
from schemas.avro import load_schema
from schemas.topics import MESSAGES, SESSIONS, TOOL_CALLS, Topic
from tests.records import message, record, session


def template_fields(dataset: str) -> dict[str, Any]:
    template = json.loads(files("infra.opensearch").joinpath("templates", f"{dataset}.json").read_text("utf-8"))
    return dict(template["template"]["mappings"]["properties"])


def leaves(properties: dict[str, Any]) -> list[dict[str, Any]]:
    return [leaf for field in properties.values() for leaf in leaves(field.get("properties", {})) or [field]]


def complete(topic: Topic) -> dict[str, Any]:
    """A record in which every field that may be null has a value."""
    nullable = [field["name"] for field in load_schema(topic.schema)["fields"] if field.get("default", "") is None]
    values: dict[str, Any] = record(topic.name, version=1, **dict.fromkeys(nullable, 1))
    return values


@pytest.mark.parametrize("topic", [SESSIONS, MESSAGES, TOOL_CALLS], ids=lambda topic: topic.schema)
class TestTemplates:
    def test_every_stored_field_is_in_the_mapping_and_no_other(self, topic: Topic) -> None:
        stored = document(topic.name, complete(topic))
        assert stored.body.keys() == template_fields(stored.dataset).keys()

    def test_every_field_says_what_it_is(self, topic: Topic) -> None:
        dataset = document(topic.name, complete(topic)).dataset
        for field in leaves(template_fields(dataset)):
            assert 0 < len(field["meta"]["description"]) <= 50

    def test_no_keyword_can_make_a_document_fail_by_its_length(self, topic: Topic) -> None:
        dataset = document(topic.name, complete(topic)).dataset
        for field in leaves(template_fields(dataset)):
            if field["type"] == "keyword":
                # Lucene's bound on a term is 32,766 bytes, and a character has at most 4.
                assert field["ignore_above"] <= 32_766 // 4


def test_a_document_has_the_key_and_the_version_of_its_record() -> None:
    stored = document(MESSAGES.name, message(message_id="m1", version=7, text="hello"))
    assert (stored.dataset, stored.id, stored.version) == ("messages", "m1", 7)
    assert stored.body["text"] == "hello"


def test_fields_without_a_value_are_left_out() -> None:
    assert "thinking" not in document(MESSAGES.name, message(message_id="m1")).body


def test_costs_are_dollars_beside_billionths() -> None:
    body = document(MESSAGES.name, message(message_id="m1", cost_nanousd=11_565_900)).body
    assert (body["cost_nanousd"], body["cost_usd"]) == (11_565_900, 0.0115659)


def test_lists_of_a_session_become_plain_lists_and_counts() -> None:
    body = document(
        SESSIONS.name,
        session(
            session_id="s1",
            created_at=1_000,
            last_activity_at=61_000,
            participants=[
                {"kind": "agent", "id": "main", "name": None, "channel": None, "messages": 2},
                {"kind": "user", "id": "1234", "name": "Ada", "channel": "telegram", "messages": 1},
            ],
            models_used=[model("anthropic", "claude-opus-4-5", calls=2, errors=1), model("openai", "gpt-5.2", calls=1)],
            tool_invocations=[
                tool("exec", calls=3, succeeded=1, failed=1, pending=1),
                tool("read", calls=1, succeeded=1),
            ],
            context_switches=[switch("model"), switch("compaction"), switch("model")],
        ),
    ).body
    assert body["participants"] == ["main", "Ada"]
    assert body["participant_ids"] == ["main", "1234"]
    assert body["models_used"] == ["anthropic/claude-opus-4-5", "openai/gpt-5.2"]
    assert (body["model_calls"], body["model_errors"]) == (3, 1)
    assert (body["tool_invocations"], body["tools_failed"]) == (["exec", "read"], ["exec"])
    assert [body[f"tool_calls{suffix}"] for suffix in ("", "_succeeded", "_failed", "_pending")] == [4, 2, 1, 1]
    assert body["context_switches"] == ["compaction", "model"]
    assert body["duration_ms"] == 60_000


def model(provider: str, name: str, **counts: int) -> dict[str, Any]:
    return {"provider": provider, "model": name, "calls": 0, "errors": 0} | counts


def tool(name: str, **counts: int) -> dict[str, Any]:
    return {"name": name, "calls": 0, "succeeded": 0, "failed": 0, "pending": 0} | counts


def switch(kind: str) -> dict[str, Any]:
    return {"kind": kind, "at": 0, "value": None, "entry_id": None}
