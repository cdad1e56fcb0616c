"""What programs read of the command: the shapes that are promised."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

from bench.corpus import generate
from cli.exits import Exit
from tests.stack.pipeline import Pipeline


def test_search_gives_messages_best_first(pipeline: Pipeline, captured: str) -> None:
    words = next(
        message["content"].split()[:3]
        for message in pipeline.json("show", captured)["messages"]
        if message["sender"] not in ("toolResult", "assistant") and len(message["content"].split()) > 3
    )
    hits = pipeline.json("search", " ".join(words), "--limit", "5")
    assert hits
    assert all({"session_id", "entry_id", "role", "timestamp", "score", "snippet"} <= set(hit) for hit in hits)
    scores = [hit["score"] for hit in hits]
    assert scores == sorted(scores, reverse=True)


def test_show_gives_the_session_document(pipeline: Pipeline, captured: str) -> None:
    document = pipeline.json("show", captured[:13])
    assert set(document) == {
        "session_id",
        "created_at",
        "closed_at",
        "participants",
        "models_used",
        "total_tokens",
        "tool_invocations",
        "messages",
        "context_summary",
    }
    assert document["session_id"] == captured
    for message in document["messages"]:
        assert set(message) == {"id", "timestamp", "sender", "content", "metadata"}
        assert set(message["metadata"]) == {"tools_used", "sentiment"}


def test_show_reads_like_a_conversation(pipeline: Pipeline, captured: str) -> None:
    document = pipeline.json("show", captured)
    shown = pipeline.run("show", captured, "--full").stdout.decode()
    for message in document["messages"]:
        assert all(line.strip() in shown for line in message["content"].splitlines()[:1])


def test_pages_of_sessions_are_whole(pipeline: Pipeline, captured: str) -> None:
    whole = [row["session_id"] for row in pipeline.json("sessions", "--limit", "100000")["sessions"]]
    page = pipeline.json("sessions", "--limit", "5")
    paged = [row["session_id"] for row in page["sessions"]]
    page = pipeline.json("sessions", "--limit", "5", "--after", page["next"])
    assert captured in whole
    assert whole[:10] == paged + [row["session_id"] for row in page["sessions"]]


def test_status_tells_of_each_part(pipeline: Pipeline) -> None:
    status = pipeline.json("status")
    assert {server["name"] for server in status["servers"]} >= {"kafka", "registry", "postgres", "opensearch"}
    assert {worker["name"]: worker["state"] for worker in status["workers"]} == dict.fromkeys(
        ("streams", "archive", "postgres", "opensearch"), "running"
    )
    assert all(worker["lag"] >= 0 and worker["dead_letters"] >= 0 for worker in status["workers"])


def test_tail_prints_a_record_a_line(pipeline: Pipeline, captured: str) -> None:
    done = pipeline.run("tail", "messages", "--from-start", "--limit", "3", "--json")
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(records) == 3
    assert all(record["topic"] == "sessiontrack.messages.v1" and record["record"]["session_id"] for record in records)


def test_an_unknown_session_is_not_found(pipeline: Pipeline, captured: str) -> None:
    for command in ("show", "export", "verify"):
        done = pipeline.run(command, "no-such-session")
        assert done.returncode == Exit.NOT_FOUND
        assert b"sessiontrack sessions" in done.stderr


def test_what_was_just_captured_is_exported_at_once(pipeline: Pipeline, tmp_path: Path) -> None:
    corpus = generate(tmp_path / "state", 3, seed=23)
    pipeline.capture(tmp_path / "state")
    for session in corpus.sessions:
        done = pipeline.run("export", session.session_id)
        assert sha256(done.stdout).hexdigest() in {file.sha256 for file in session.files}, done.stderr.decode()
