"""The facts of a real transcript, counted by a naive script that shares no code with the stages."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from producers.transcript import Transcript, TranscriptSource, split_lines
from streams.derive import Derived, derive

SAMPLES = Path(__file__).parents[3].parent / "shared" / "samples"
SESSION = "11111111-2222-4333-8444-555555555555"
TRANSCRIPT = SAMPLES / "clawdbot-2026.1.24" / f"{SESSION}.jsonl"

pytestmark = pytest.mark.skipif(not TRANSCRIPT.exists(), reason=f"no samples at {SAMPLES}")


@pytest.fixture(scope="module")
def derived() -> Derived:
    transcript = Transcript(TranscriptSource(session_id=SESSION, agent_id="main", brand="clawdbot"))
    lines, _ = split_lines(TRANSCRIPT.read_bytes(), final=True)
    return derive([transcript.append(line, captured_at=0) for line in lines])


@pytest.fixture(scope="module")
def messages() -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in TRANSCRIPT.read_text("utf-8").splitlines()]
    return [line["message"] for line in lines if line["type"] == "message"]


def test_messages_tokens_and_cost(derived: Derived, messages: list[dict[str, Any]]) -> None:
    session = derived.sessions[SESSION]
    usages = [message["usage"] for message in messages if "usage" in message]

    assert session["messages_by_role"] == Counter(message["role"] for message in messages)
    assert session["input_tokens"] == sum(usage["input"] for usage in usages)
    assert session["output_tokens"] == sum(usage["output"] for usage in usages)
    assert session["cache_read_tokens"] == sum(usage.get("cacheRead", 0) for usage in usages)
    assert session["total_tokens"] == sum(usage["totalTokens"] for usage in usages)
    assert session["cost_nanousd"] == sum(round(usage.get("cost", {"total": 0})["total"] * 1e9) for usage in usages)


def test_models(derived: Derived, messages: list[dict[str, Any]]) -> None:
    models = Counter(message["model"] for message in messages if message.get("model"))

    assert {row["model"]: row["calls"] for row in derived.sessions[SESSION]["models_used"]} == models
    assert models == {"sim-1": 10, "sim-2": 5}


def test_tools(derived: Derived, messages: list[dict[str, Any]]) -> None:
    calls = [block for message in messages for block in message["content"] if block["type"] == "toolCall"]
    results = {message["toolCallId"]: message for message in messages if message["role"] == "toolResult"}
    failed = {call_id for call_id, found in results.items() if (found.get("details") or {}).get("status") == "error"}

    assert {row["call_id"]: row["outcome"] for row in derived.tool_calls.values()} == {
        call["id"]: "failed" if call["id"] in failed else "succeeded" for call in calls
    }
    assert {row["name"]: row["calls"] for row in derived.sessions[SESSION]["tool_invocations"]} == Counter(
        call["name"] for call in calls
    )


def test_how_it_went(derived: Derived) -> None:
    session = derived.sessions[SESSION]

    assert [(switch["kind"], switch["value"]) for switch in session["context_switches"]] == [
        ("model", "sim/sim-2"),
        ("compaction", None),
    ]
    assert session["error_count"] == 2
    assert session["closed_at"] is None
    assert session["cwd"] == "/home/user/clawdbot-x/homecb/ws"


def test_words_are_found(derived: Derived) -> None:
    texts = [message["text"] for message in derived.messages.values()]

    assert "Injected note from the operator" in texts[-1]
    assert any(text.startswith("Summary unavailable due to context limits.") for text in texts)
