"""Whole sessions: a chat's conversations, sub-agents, forks, and a live one."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.corpus import tools
from bench.corpus.facts import SessionFacts
from bench.corpus.incidents import INCIDENTS
from bench.corpus.javascript import Json
from bench.corpus.lines import DIALECTS, iso
from bench.corpus.models import MODELS
from bench.corpus.people import MIRA, WORKSPACES, Brand, Chat
from bench.corpus.scenarios import Call, Scenario, Step, Turn, scenarios_for
from bench.corpus.tools import new_uuid
from bench.corpus.transcript import Transcript, Written
from bench.corpus.words import length, log_lines, prose, rows, zipf

# How often something happens between two turns, and how unevenly the kinds of incidents are spread.
_INCIDENT_SHARE, _INCIDENT_EXPONENT = 0.22, 0.5
_LOST_RESULT_SHARE = 0.004
_UNANSWERED_SHARE = 0.02
_ELABORATE_SHARE = 0.3
_DAY_MS = 86_400_000
# Slots that every screenplay has: days, as seen from when it is played.
DAYS_AGO = {"today": 0, "yesterday": 1, "three_weeks_ago": 21}
_SLOT = re.compile(r"\{(\w+)\}")

_DELEGATE = {
    "en": ("Hand this to a sub-agent, please: {task}", "A sub-agent is on it; I'll tell you when it's done."),
    "de": ("Gib das bitte an einen Unteragenten: {task}", "Ein Unteragent kümmert sich darum."),
    "es": ("Pásale esto a un subagente, por favor: {task}", "Un subagente se ocupa; te aviso cuando termine."),
    "ja": (
        "これはサブエージェントに任せてください：{task}",
        "サブエージェントに任せました。終わったらお知らせします。",
    ),
}

_LAST_WORDS = {
    "en": "Check the temperature of the disks, please.",
    "de": "Prüf bitte die Temperatur der Festplatten.",
    "es": "Mira la temperatura de los discos, por favor.",
    "ja": "ディスクの温度を確認してください。",
}


@dataclass(frozen=True)
class Spawn:
    """A sub-agent to be: the parent calls for it, a session of its own does the work."""

    session_key: str
    run_id: str
    scenario: Scenario
    slots: dict[str, str]


def begin(rng: random.Random, brand: Brand, chat: Chat, session_id: str, session_key: str, now: int) -> Transcript:
    """A session of a chat that begins at ``now`` (epoch milliseconds), its header still unwritten."""
    facts = SessionFacts(
        session_id=session_id,
        agent_id=chat.agent,
        session_key=session_key,
        channel=chat.channel or None,
        chat_type=chat.kind,
        cwd=WORKSPACES[chat.agent],
        language=chat.language,
        started_at=now,
    )
    return Transcript(facts, DIALECTS[brand], rng, zipf(rng, MODELS), chat)


def converse(transcript: Transcript, turns: int) -> None:
    """Plays that many turns, one scenario after the other, with what happens between them."""
    played = 0
    while played < turns:
        for turn in _pick(transcript):
            if played == turns:
                return
            if played and transcript.rng.random() < _INCIDENT_SHARE:
                zipf(transcript.rng, INCIDENTS, _INCIDENT_EXPONENT)(transcript)
            play(transcript, turn)
            played += 1


def turn_count(rng: random.Random) -> int:
    """How many turns a session has: log-normal, a few very long."""
    return length(rng, 3.2, 0.8, 60)


def one_turn(transcript: Transcript) -> Turn:
    """The first turn of some scenario."""
    return next(_pick(transcript))


def play(transcript: Transcript, turn: Turn, *, stored: bool = True) -> None:
    """One turn: the message, the calls, the reply.

    A message that is not ``stored`` is lost, as happens after a compaction of lines in 2026.1.
    """
    rng, people = transcript.rng, transcript.chat.people if transcript.chat else (MIRA,)
    transcript.user(turn.user, zipf(rng, people), stored=stored)
    for step in turn.steps:
        if rng.random() < _LOST_RESULT_SHARE:
            transcript.lost_result(step)
            continue
        answers = [
            tools.answer(call, transcript.dialect, rng, transcript.now, transcript.facts.cwd) for call in step.calls
        ]
        transcript.step(step, list(answers))
    reply = turn.reply
    if rng.random() < _ELABORATE_SHARE:
        reply += "\n\n" + prose(rng, transcript.facts.language, length(rng, 4, 0.9, 120))
    transcript.say(turn.thinking, reply)


def leave_unanswered(transcript: Transcript) -> None:
    """Now and then a session ends in the middle of a tool call: the machine was switched off."""
    if transcript.rng.random() < _UNANSWERED_SHARE:
        people = transcript.chat.people if transcript.chat else (MIRA,)
        transcript.user(_LAST_WORDS[transcript.facts.language], people[0])
        call = Call("exec", {"command": "sudo smartctl -A /dev/sda | grep -i temp"}, fails=False)
        transcript.step(Step("", "", [call]), [None])


def spawn(transcript: Transcript) -> Spawn:
    """The parent hands a task to a sub-agent."""
    rng, facts = transcript.rng, transcript.facts
    scenario = zipf(rng, scenarios_for(facts.agent_id, facts.language))
    slots = _slots(scenario, rng, transcript.now)
    task = fill(scenario.turns[0].user, slots, rng, facts.language)
    ask, reply = _DELEGATE[facts.language]
    transcript.user(ask.format(task=task), transcript.chat.people[0] if transcript.chat else MIRA)
    arguments: dict[str, Json] = {"task": task, "label": scenario.name}
    key, run_id = f"agent:{facts.agent_id}:subagent:{new_uuid(rng)}", new_uuid(rng)
    transcript.step(Step("", "", [Call("sessions_spawn", arguments, fails=False)]), [tools.spawned(key, run_id)])
    transcript.say("", reply)
    return Spawn(key, run_id, scenario, slots)


def sub_agent(parent: Transcript, task: Spawn, rng: random.Random) -> Transcript:
    """The sub-agent's session."""
    facts = SessionFacts(
        session_id=new_uuid(rng),
        agent_id=parent.facts.agent_id,
        session_key=task.session_key,
        channel=parent.facts.channel,
        chat_type="direct",
        cwd=parent.facts.cwd,
        language=parent.facts.language,
        started_at=parent.now + 250,
        scenarios=[task.scenario.name],
        spawned_by=parent.facts.session_key,
    )
    child = Transcript(facts, parent.dialect, rng, zipf(rng, MODELS), chat=None)
    child.open("low")
    play(child, _fill_turn(task.scenario.turns[0], task.slots, rng, facts.language))
    return child


def fork(parent: Transcript, rng: random.Random, session_id: str, session_key: str, chat: Chat) -> Transcript:
    """A second life of a conversation: the path to its last message is copied, then it goes its own way.

    As in pi's ``createBranchedSession``, labels are not copied but set anew at the end.
    """
    leaf = [entry for entry in parent.written if entry.kind == "message"][-1]
    child = begin(rng, parent.dialect.brand, chat, session_id, session_key, leaf.at + rng.randint(60_000, 900_000))
    child.model = parent.model
    child.facts.parent_session_id = parent.facts.session_id
    child.header(parent.path)
    labels: dict[str, str | None] = {}
    for entry in _branch_to(parent, leaf):
        if entry.kind == "label":
            line = json.loads(entry.raw)
            labels[line["targetId"]] = line.get("label")
        else:
            child.copy(entry)
    for target, label in labels.items():
        if label:
            child.label(target, label)
    child.now += 5_000
    converse(child, rng.randint(1, 3))
    return child


def live_session(path: Path, seed: int, brand: Brand = "clawdbot", now: int = 1_795_000_000_000) -> Iterator[bytes]:
    """The lines of one new session, one after the other and without end; the caller appends them to ``path``.

    Args:
        path: Where the transcript will be; the stem is the session's id.
        seed: Equal seeds give equal lines.
        brand: The assistant whose format it is.
        now: When the session begins, in epoch milliseconds.
    """
    rng = random.Random(f"live:{seed}")
    chat = Chat("main", "webchat", "direct", (MIRA,))
    transcript = begin(rng, brand, chat, path.name.removesuffix(".jsonl"), chat.session_key(brand), now)
    transcript.open("low")
    while True:
        for turn in _pick(transcript):
            play(transcript, turn)
            yield from (entry.raw for entry in transcript.drain())


def append_line(path: Path, line: bytes) -> None:
    """Appends one line with one write, as the assistant's ``appendFileSync`` does."""
    with path.open("ab", buffering=0) as transcript:
        transcript.write(line)


def fill(text: str, slots: dict[str, str], rng: random.Random, language: str) -> str:
    """Puts values into the slots of a screenplay's text, and filling where it is asked for."""

    def value(match: re.Match[str]) -> str:
        match match[1]:
            case "log":
                return log_lines(rng, length(rng, 14, 1.3, 1_200))
            case "prose":
                return prose(rng, language, length(rng, 5, 0.8, 60))
            case "rows":
                return rows(rng, length(rng, 12, 0.9, 400))
            case name:
                return slots.get(name, match[0])

    return _SLOT.sub(value, text)


def _pick(transcript: Transcript) -> Iterator[Turn]:
    facts, rng = transcript.facts, transcript.rng
    scheduled = transcript.chat is not None and transcript.chat.kind == "cron"
    plays = scenarios_for("cron" if scheduled else facts.agent_id, facts.language)
    scenario = rng.choice([play for play in plays if play.name not in facts.scenarios] or plays)
    if scenario.name not in facts.scenarios:
        facts.scenarios.append(scenario.name)
    slots = _slots(scenario, rng, transcript.now)
    return (_fill_turn(turn, slots, rng, facts.language) for turn in scenario.turns)


def _slots(scenario: Scenario, rng: random.Random, now: int) -> dict[str, str]:
    days = {name: iso(now - ago * _DAY_MS)[:10] for name, ago in DAYS_AGO.items()}
    return days | {name: zipf(rng, choices) for name, choices in scenario.slots.items()}


def _fill_turn(turn: Turn, slots: dict[str, str], rng: random.Random, language: str) -> Turn:
    def filled(text: str) -> str:
        return fill(text, slots, rng, language)

    def filled_json(value: Json) -> Json:
        if isinstance(value, str):
            return filled(value)
        if isinstance(value, dict):
            return {key: filled_json(item) for key, item in value.items()}
        return value

    def filled_call(call: Call) -> Call:
        arguments = {key: filled_json(item) for key, item in call.arguments.items()}
        return Call(call.tool, arguments, call.fails, filled(call.output))

    steps = [
        Step(filled(step.thinking), filled(step.text), [filled_call(call) for call in step.calls])
        for step in turn.steps
    ]
    return Turn(filled(turn.user), steps, filled(turn.thinking), filled(turn.reply))


def _branch_to(transcript: Transcript, leaf: Written) -> list[Written]:
    """The entries from the root to a leaf."""
    entries = {entry.entry_id: entry for entry in transcript.written}
    branch: list[Written] = []
    current: Written | None = leaf
    while current is not None:
        branch.append(current)
        current = entries[current.parent_id] if current.parent_id else None
    return branch[::-1]
