"""A state folder as the assistant leaves it after ten months, and the ground truth of what is in it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from bench.corpus import archives, sessionstore
from bench.corpus.archives import File
from bench.corpus.facts import Corpus, SessionFacts
from bench.corpus.javascript import Json, stringify, stringify_indented
from bench.corpus.lines import iso
from bench.corpus.people import CHATS, Brand, Chat
from bench.corpus.sessions import begin, converse, fork, leave_unanswered, spawn, sub_agent, turn_count
from bench.corpus.tools import new_uuid
from bench.corpus.transcript import Transcript
from bench.corpus.words import zipf
from sessiontrack.errors import UsageError

# 2026-01-20 and 2026-11-18: the last sessions end before 2026-11-20, the day on which the corpus "is" now.
_FIRST_DAY, _LAST_DAY = 1_768_867_200_000, 1_794_960_000_000
_DAY, _HOUR = 86_400_000, 3_600_000
_SUB_AGENT_SHARE, _FORK_SHARE, _DELETED_SHARE, _COMPACTED_SHARE = 0.07, 0.05, 0.15, 0.3
# A chat has about this many sessions in the ten months; a larger corpus has more chats.
_SESSIONS_PER_CHAT = 25
# How unevenly the sessions fall on the chats: the first of twenty gets about a tenth.
_CHAT_EXPONENT = 0.5


@dataclass
class Session:
    """A finished session: its facts, its files, and its entry in ``sessions.json`` while it is current."""

    facts: SessionFacts
    files: list[File]
    entry: sessionstore.Entry | None


@dataclass
class _Plan:
    """A session of a chat that will be, and the one that will come out of it."""

    start: int
    child: Literal["", "sub_agent", "fork"] = ""


@dataclass
class _Chain:
    """All sessions of one chat, in order."""

    chat: Chat
    plans: list[_Plan] = field(default_factory=list)


def generate(out: Path, sessions: int, seed: int, brand: Brand = "clawdbot") -> Corpus:
    """Writes a state folder and returns what is true of it. Equal arguments give equal bytes.

    Args:
        out: The state folder; made if need be. It must not hold sessions yet.
        sessions: How many sessions there will be, sub-agents and forks included.
        seed: Of the random numbers.
        brand: Whose formats: clawdbot 2026.1.24 or openclaw 2026.7.1.

    Raises:
        UsageError: ``out`` has sessions already.
    """
    if (out / "agents").exists():
        raise UsageError(f"{out} holds sessions already", hint="choose an empty folder, or remove it first")
    stores: dict[str, dict[str, Json]] = {}
    facts: list[SessionFacts] = []
    for session in iter_sessions(sessions, seed, brand):
        for file in session.files:
            _write(out / file.path, file.content)
        store = stores.setdefault(session.facts.agent_id, {})
        if session.entry is not None:
            store[session.facts.session_key] = session.entry
        facts.append(session.facts)
    for agent, store in sorted(stores.items()):
        _write(out / "agents" / agent / "sessions" / "sessions.json", stringify_indented(store).encode())
    _write_logs(out, facts)
    return Corpus(out, brand, seed, facts)


def iter_sessions(sessions: int, seed: int, brand: Brand = "clawdbot") -> Iterator[Session]:
    """The same sessions one by one, in bounded memory, chat by chat and each chat in the order of time."""
    for number, chain in enumerate(_plan(sessions, random.Random(f"plan:{seed}"))):
        yield from _play(chain, random.Random(f"chat:{seed}:{number}"), brand)


def _plan(sessions: int, rng: random.Random) -> list[_Chain]:
    chains = [_Chain(chat) for chat in _chats(max(len(CHATS), sessions // _SESSIONS_PER_CHAT))]
    plan: _Plan | None = None
    for _ in range(sessions):
        share = rng.random()
        if plan and not plan.child and share < _SUB_AGENT_SHARE + _FORK_SHARE:
            plan.child = "sub_agent" if share < _SUB_AGENT_SHARE else "fork"
        else:
            plan = _Plan(_start(rng))
            zipf(rng, chains, _CHAT_EXPONENT).plans.append(plan)
    for chain in chains:
        chain.plans.sort(key=lambda plan: plan.start)
    return chains


def _start(rng: random.Random) -> int:
    """Some day, most likely in the early evening."""
    day = rng.randrange((_LAST_DAY - _FIRST_DAY) // _DAY)
    return _FIRST_DAY + day * _DAY + round(rng.triangular(5 * _HOUR, 21 * _HOUR, 17 * _HOUR))


def _chats(count: int) -> list[Chat]:
    """The household's chats, and as many strangers like them as it takes."""
    chats = list(CHATS)
    models = [chat for chat in CHATS if chat.channel != "webchat"]
    for number in range(len(CHATS), count):
        model = models[number % len(models)]
        first = replace(model.people[0], number=model.people[0].number + number)
        chats.append(replace(model, people=(first, *model.people[1:]), peer=model.peer and f"{model.peer}{number}"))
    return chats


def _play(chain: _Chain, rng: random.Random, brand: Brand) -> Iterator[Session]:
    key = chain.chat.session_key(brand)
    family: list[str] = []
    earliest = 0
    for place, plan in enumerate(chain.plans):
        transcript = begin(rng, brand, chain.chat, new_uuid(rng), key, max(plan.start, earliest))
        family.append(transcript.facts.session_id)
        transcript.open(zipf(rng, ("low", "medium", "high", "off")))
        converse(transcript, 1 if chain.chat.kind == "cron" else turn_count(rng))
        children = _child(transcript, plan, rng, chain.chat)
        leave_unanswered(transcript)
        earliest = transcript.now + 60_000
        following = chain.plans[place + 1] if place + 1 < len(chain.plans) else None
        _end(transcript, rng, max(following.start, earliest) - 1_500 if following else None)
        yield _finish(transcript, rng, family)
        yield from children


def _child(parent: Transcript, plan: _Plan, rng: random.Random, chat: Chat) -> list[Session]:
    if plan.child == "sub_agent":
        child = sub_agent(parent, spawn(parent), rng)
        if rng.random() < _DELETED_SHARE:
            _delete(child, rng)
        return [_finish(child, rng, [])]
    if plan.child == "fork":
        child = fork(parent, rng, new_uuid(rng), _fork_key(parent, rng), chat)
        return [_finish(child, rng, [child.facts.session_id], parent.facts.session_key)]
    return []


def _fork_key(parent: Transcript, rng: random.Random) -> str:
    """Clawdbot forks when a thread begins, openclaw when somebody asks for it in the dashboard."""
    if parent.dialect.brand == "clawdbot":
        return f"{parent.facts.session_key}:thread:{rng.getrandbits(40)}"
    return f"agent:{parent.facts.agent_id}:dashboard:{new_uuid(rng)}"


def _end(transcript: Transcript, rng: random.Random, reset_at: int | None) -> None:
    """The next session of the key ends this one; the last one lives on, unless somebody deletes it."""
    facts = transcript.facts
    if reset_at is not None:
        archived = transcript.dialect.brand == "openclaw" and facts.chat_type != "cron"
        facts.ended, facts.ended_at = "reset" if archived else "superseded", reset_at
    elif facts.channel != "webchat" and rng.random() < _DELETED_SHARE:
        _delete(transcript, rng)


def _delete(transcript: Transcript, rng: random.Random) -> None:
    transcript.facts.ended = "deleted"
    transcript.facts.ended_at = transcript.now + rng.randint(_HOUR, _DAY)


def _finish(transcript: Transcript, rng: random.Random, family: list[str], parent_key: str | None = None) -> Session:
    facts = transcript.facts
    current = facts.ended == "open"
    if current and not facts.parent_session_id and rng.random() < _COMPACTED_SHARE:
        files = archives.compacted_files(transcript, rng)
    else:
        files = [archives.ended_file(transcript)]
    facts.files = [file.facts() for file in files]
    return Session(facts, files, sessionstore.entry(transcript, family, parent_key) if current else None)


def _write_logs(out: Path, sessions: list[SessionFacts]) -> None:
    """Files that end in ``.jsonl`` or lie nearby, and are no transcripts."""
    commands, runs = [], []
    for facts in sorted(sessions, key=lambda facts: (facts.last_activity_at, facts.session_id)):
        if facts.chat_type == "cron":
            started, ended = facts.started_at, facts.last_activity_at
            job = facts.session_key.rpartition(":")[2]
            run: Json = {"ts": ended, "jobId": job, "action": "finished", "status": "ok", "runAtMs": started}
            runs.append(stringify(run))
        elif facts.ended in ("reset", "superseded"):
            at = iso(facts.ended_at or facts.last_activity_at)
            command: Json = {"timestamp": at, "action": "new", "sessionKey": facts.session_key, "source": facts.channel}
            commands.append(stringify(command))
    _write(out / "logs" / "commands.log", "".join(f"{line}\n" for line in commands).encode())
    _write(out / "cron" / "runs" / "nightly-backup.jsonl", "".join(f"{line}\n" for line in runs).encode())


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
