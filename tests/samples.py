"""Transcripts that real versions of the product wrote, and what was found in them by hand (`cases/facts.json`)."""

from __future__ import annotations

import json
import shutil
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from producers.clawdbot.batches import Batch
from producers.clawdbot.sources import Sources
from schemas.records import SessionEvent

SAMPLES = Path(__file__).parents[2] / "shared" / "samples"
FACTS: dict[str, dict[str, dict[str, Any]]] = json.loads((Path(__file__).parent / "cases" / "facts.json").read_text())
JSONL = ("clawdbot-2026.1.24", "openclaw-2026.7.1")
SQLITE = ("openclaw-2026.9.6",)
CASES = [(folder, session_id) for folder in JSONL + SQLITE for session_id in FACTS[folder]]


def state_folder(sample: str, target: Path) -> Path:
    """A state folder with the transcripts of a sample, as the product lays them out; skips where there are none."""
    if not (SAMPLES / sample).is_dir():
        pytest.skip(f"no samples of {sample} beside the repository (expected in ../shared/samples)")
    agent = target / f".{sample.split('-')[0]}" / "agents" / "main"
    if sample in SQLITE:
        # The transcripts beside the database are dumps of it.
        for folder, pattern in (("agent", "*.sqlite"), ("sessions", "*.zst")):
            (agent / folder).mkdir(parents=True)
            for path in (SAMPLES / sample).glob(pattern):
                shutil.copyfile(path, agent / folder / path.name)
    else:
        shutil.copytree(SAMPLES / sample, agent / "sessions")
    return agent.parent.parent


async def events_of(state: Path) -> list[SessionEvent]:
    """The events that a capture of a folder sends."""
    events: list[SessionEvent] = []

    async def take(batch: Batch) -> None:
        events.extend(batch.events)

    with closing(Sources([state], "clawdbot", {}, {}, take, lambda: 0)) as sources:
        await sources.read_all(final=True, resend_since=0)
    return events


def milliseconds(moment: str) -> int:
    """ISO-8601 as epoch milliseconds, exactly."""
    parsed = datetime.fromisoformat(moment)
    return int(parsed.replace(microsecond=0).timestamp()) * 1000 + parsed.microsecond // 1000


def facts_in(record: Any, expected: dict[str, Any]) -> dict[str, Any]:
    """Of a session's record what the expectation speaks of, in its form."""
    found = {name: record[name] for name in expected}
    found["context_switches"] = [
        {name: switch[name] for name in ("kind", "at", "value")} for switch in found["context_switches"]
    ]
    return found


def expected_facts(folder: str, session_id: str) -> dict[str, Any]:
    """The facts of a sample's session, times as epoch milliseconds."""
    facts = dict(FACTS[folder][session_id])
    for name in ("created_at", "last_activity_at", "closed_at"):
        facts[name] = facts[name] and milliseconds(facts[name])
    facts["context_switches"] = [{**switch, "at": milliseconds(switch["at"])} for switch in facts["context_switches"]]
    return facts
