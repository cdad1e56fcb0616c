"""The corpus is repeatable, well-formed, and its facts are true of its files."""

from __future__ import annotations

import hashlib
import itertools
import json
import re
from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from bench.corpus import Corpus, SessionFacts, append_line, generate, iter_sessions, live_session
from bench.corpus.people import Brand
from bench.corpus.scenarios import scenarios
from bench.corpus.sessions import DAYS_AGO
from sessiontrack.errors import UsageError

BRANDS: tuple[Brand, ...] = ("clawdbot", "openclaw")
SESSIONS = 160


@pytest.fixture(scope="module", params=BRANDS)
def corpus(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return generate(tmp_path_factory.mktemp("state"), SESSIONS, seed=11, brand=request.param)


def _contents(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def _entries(corpus: Corpus, session: SessionFacts) -> list[dict[str, Any]]:
    """Every entry of a session once, whichever of its files holds it."""
    distinct: dict[str, dict[str, Any]] = {}
    for file in session.files:
        for raw in (corpus.root / file.path).read_bytes().splitlines():
            if raw:
                line = json.loads(raw)
                bare = {key: value for key, value in line.items() if key not in ("id", "parentId")}
                distinct.setdefault(json.dumps(bare, sort_keys=True), line)
    return list(distinct.values())


def _own(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    head = next((line for line in entries if line["type"] == "session"), None)
    if head is None or "parentSession" not in head:
        return entries
    return [line for line in entries if line["timestamp"] >= head["timestamp"]]


def test_equal_seeds_give_equal_bytes(corpus: Corpus, tmp_path: Path) -> None:
    brand = BRANDS[corpus.brand == "openclaw"]
    again = generate(tmp_path / "again", SESSIONS, seed=11, brand=brand)
    assert _contents(again.root) == _contents(corpus.root)
    assert again.sessions == corpus.sessions


def test_another_seed_gives_other_sessions(corpus: Corpus) -> None:
    other = next(iter_sessions(SESSIONS, seed=12))
    assert other.facts.session_id not in {session.session_id for session in corpus.sessions}


def test_a_folder_with_sessions_is_left_alone(corpus: Corpus) -> None:
    before = _contents(corpus.root)
    with pytest.raises(UsageError, match="holds sessions already"):
        generate(corpus.root, 1, seed=1)
    assert _contents(corpus.root) == before


def test_every_line_is_json_with_the_common_fields(corpus: Corpus) -> None:
    for session in corpus.sessions:
        assert _entries(corpus, session)
        for line in _entries(corpus, session):
            injected = line.get("message", {}).get("stopReason") == "injected"
            required = {"type", "id", "timestamp"} | (set() if injected or line["type"] == "session" else {"parentId"})
            assert required <= line.keys()
            assert line["timestamp"] < "2026-11-20"


def test_files_are_those_of_the_facts_and_nothing_else(corpus: Corpus) -> None:
    listed = {file.path: file for session in corpus.sessions for file in session.files}
    found = {path: raw for path, raw in _contents(corpus.root).items() if "/sessions/" in path and ".json" in path}
    assert listed.keys() == {path for path in found if not path.endswith("sessions.json")}
    for path, file in listed.items():
        assert (file.sha256, file.size) == (hashlib.sha256(found[path]).hexdigest(), len(found[path]))


def test_facts_equal_a_naive_count(corpus: Corpus) -> None:
    assert len(corpus.sessions) == SESSIONS
    for session in corpus.sessions:
        own = _own(_entries(corpus, session))
        messages = [line["message"] for line in own if line["type"] == "message"]
        usages = [message["usage"] for message in messages if message["role"] == "assistant"]
        kinds = Counter(line["type"] for line in own)
        assert len(own) == session.lines
        assert Counter(message["role"] for message in messages) == session.messages
        assert sum(usage["totalTokens"] for usage in usages) == session.tokens["total"]
        assert sum(usage["input"] for usage in usages) == session.tokens["input"]
        assert sum(usage["output"] for usage in usages) == session.tokens["output"]
        assert sum(usage.get("cacheRead", 0) for usage in usages) == session.tokens["cache_read"]
        assert sum(usage.get("cacheWrite", 0) for usage in usages) == session.tokens["cache_write"]
        assert sum(usage.get("cost", {}).get("total", 0) for usage in usages) == pytest.approx(session.cost_usd)
        assert kinds["compaction"] == session.compactions
        assert kinds["model_change"] == session.model_changes
        assert kinds["thinking_level_change"] == session.thinking_level_changes
        assert sum(message.get("stopReason") == "error" for message in messages) == session.errors


def test_tool_facts_equal_a_naive_join(corpus: Corpus) -> None:
    for session in corpus.sessions:
        messages = [line["message"] for line in _own(_entries(corpus, session)) if line["type"] == "message"]
        results = {message["toolCallId"]: message for message in messages if message["role"] == "toolResult"}
        outcomes: Counter[tuple[str, str]] = Counter()
        for message in messages:
            for block in message["content"] if message["role"] == "assistant" else ():
                if block["type"] == "toolCall":
                    outcomes[block["name"], _outcome(results.get(block["id"]))] += 1
        stated = {
            (name, outcome): getattr(tool, outcome)
            for name, tool in session.tools.items()
            for outcome in ("succeeded", "failed", "unanswered")
        }
        assert outcomes == Counter({key: count for key, count in stated.items() if count})


def _outcome(result: dict[str, Any] | None) -> str:
    if result is None:
        return "unanswered"
    return "failed" if result["isError"] or (result.get("details") or {}).get("status") == "error" else "succeeded"


def test_no_entry_of_a_session_is_written_twice_into_a_file(corpus: Corpus) -> None:
    for session in corpus.sessions:
        for file in session.files:
            ids = [json.loads(raw)["id"] for raw in (corpus.root / file.path).read_bytes().splitlines() if raw]
            assert len(ids) == len(set(ids))


def test_current_sessions_are_in_the_store_under_their_keys(corpus: Corpus) -> None:
    stored = {
        key: entry
        for path in corpus.root.glob("agents/*/sessions/sessions.json")
        for key, entry in json.loads(path.read_bytes()).items()
    }
    current = {session.session_key: session for session in corpus.sessions if session.ended == "open"}
    assert stored.keys() == current.keys()
    for key, entry in stored.items():
        assert entry["sessionId"] == current[key].session_id
        assert entry.get("spawnedBy") == current[key].spawned_by
        assert entry.get("channel", entry.get("lastChannel")) == current[key].channel


def test_the_corpus_holds_every_kind_of_thing(corpus: Corpus) -> None:
    sessions = corpus.sessions
    types = {line["type"] for session in sessions for line in _entries(corpus, session)}
    assert types >= {"session", "message", "compaction", "custom", "label", "session_info", "branch_summary"}
    assert {session.language for session in sessions} == {"en", "de", "es", "ja"}
    assert len({session.agent_id for session in sessions}) == 4
    assert {session.channel for session in sessions} >= {"webchat", "telegram", "discord", "whatsapp", "slack"}
    assert any(session.parent_session_id for session in sessions)
    assert any(session.spawned_by for session in sessions)
    assert {file.kind for session in sessions for file in session.files} >= {"transcript", "bak", "deleted"}
    assert {"superseded", "reset"} & {session.ended for session in sessions}


def test_slots_are_filled_in(corpus: Corpus) -> None:
    names = {name for scenario in scenarios() for name in scenario.slots} | {"log", "prose", "rows", *DAYS_AGO}
    for session in corpus.sessions:
        text = json.dumps([line.get("message") for line in _entries(corpus, session)])
        assert not [name for name in names if f"{{{name}}}" in text]


def test_what_a_tool_lists_is_no_older_than_the_session_makes_it(corpus: Corpus) -> None:
    listed = [
        (str(entry["timestamp"]), str(snapshot))
        for session in corpus.sessions
        for entry in _entries(corpus, session)
        for snapshot in re.findall(r"9d02c1f5  (\d{4}-\d\d-\d\d) 02:30", json.dumps(entry))
    ]
    assert listed
    for written, snapshot in listed:
        assert timedelta(0) <= date.fromisoformat(written[:10]) - date.fromisoformat(snapshot) <= timedelta(1)


def test_a_live_session_goes_on_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "0b9f6c1e-6a3c-4a51-9f5e-2f4a6f1c7d10.jsonl"
    lines = list(itertools.islice(live_session(path, seed=5), 200))
    assert lines == list(itertools.islice(live_session(path, seed=5), 200))
    for line in lines:
        append_line(path, line)
    entries = [json.loads(raw) for raw in path.read_bytes().splitlines()]
    assert entries[0]["id"] == path.stem
    assert [entry["parentId"] for entry in entries[2:]] == [entry["id"] for entry in entries[1:-1]]
