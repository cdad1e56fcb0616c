from __future__ import annotations

import pytest

from queries.documents import document
from queries.times import iso
from tests.records import message, session


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1795308677903, "2026-11-22T00:51:17.903Z"),
        (253402300799999, "9999-12-31T23:59:59.999Z"),
        (None, None),
    ],
)
def test_times_are_exact(milliseconds: int | None, text: str | None) -> None:
    assert iso(milliseconds) == text


def test_the_document_has_the_fields_of_the_storage_rfc() -> None:
    facts = session(session_id="s", created_at=1, closed_at=None, total_tokens=7, participants=[{"id": "Ada"}])
    spoken = message(entry_id="a1", timestamp=2, text="hello", sender_id="42", sender_name="Ada", tools_used=["exec"])
    assert document(facts, [spoken]) == {
        "session_id": "s",
        "created_at": "1970-01-01T00:00:00.001Z",
        "closed_at": None,
        "participants": [{"id": "Ada"}],
        "models_used": [],
        "total_tokens": 7,
        "tool_invocations": [],
        "messages": [
            {
                "id": "a1",
                "timestamp": "1970-01-01T00:00:00.002Z",
                "sender": "Ada",
                "content": "hello",
                "metadata": {"tools_used": ["exec"], "sentiment": None},
            }
        ],
        "context_summary": None,
    }


@pytest.mark.parametrize(
    ("fields", "sender"),
    [
        ({"sender_id": "42", "sender_name": None}, "42"),
        ({"role": "user"}, "user"),
        ({"role": "toolResult"}, "toolResult"),
    ],
)
def test_who_is_not_known_is_named_by_the_role(fields: dict[str, str | None], sender: str) -> None:
    [only] = document(session(), [message(**fields)])["messages"]
    assert only["sender"] == sender
