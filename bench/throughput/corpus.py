"""The corpus: one busy day of a company, thousands of sessions whose lines come interleaved.

Structure, entry types, tools, usage and formats are those of `bench.corpus`; texts come from `bench.throughput.text`.
Equal arguments give equal bytes.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from heapq import merge
from typing import NamedTuple

from bench.corpus import tools
from bench.corpus.facts import SessionFacts
from bench.corpus.incidents import INCIDENTS
from bench.corpus.lines import DIALECTS
from bench.corpus.models import MODELS
from bench.corpus.people import CHATS, WORKSPACES, Brand, Chat
from bench.corpus.scenarios import Call, Step
from bench.corpus.tools import new_uuid
from bench.corpus.transcript import Transcript
from bench.corpus.words import log_lines, zipf
from bench.throughput.text import text, words

EVENTS, SESSIONS, SEED = 200_000, 3_000, 1
# 2026-11-18T00:00Z; all sessions begin within a day, so that about fifty go on at any time.
_DAY_BEGINS, _DAY = 1_795_000_000_000 // 86_400_000 * 86_400_000, 86_400_000
_HOUR = 3_600_000
# Lines of a session: log-normal; the header and what every run begins with, and one turn, are the least.
_LINES_SIGMA, _FEWEST_LINES = 0.9, 6
_INCIDENT_SHARE, _INCIDENT_EXPONENT = 0.2, 0.5
_FAILURE_SHARE, _STEP_SHARE, _SECOND_CALL_SHARE, _THINKING_SHARE = 0.05, 0.6, 0.15, 0.5


class Line(NamedTuple):
    """A line of a transcript.

    Attributes:
        at: When it was written, epoch ms.
        session: Number of its session.
        raw: Its bytes with the terminator.
    """

    at: int
    session: int
    raw: bytes


@dataclass(frozen=True)
class Session:
    """A whole session.

    Attributes:
        session_id: Its id.
        agent_id: Its agent.
        brand: Who wrote it.
        lines: Its transcript.
    """

    session_id: str
    agent_id: str
    brand: Brand
    lines: Sequence[Line]


def generate(events: int = EVENTS, sessions: int = SESSIONS, seed: int = SEED) -> Iterator[Session]:
    """The sessions, one by one; their lines add up to `events`."""
    rng = random.Random(f"throughput:{seed}")
    for number, lines in enumerate(line_counts(rng, events, sessions)):
        yield _session(number, lines, seed)


def interleaved(corpus: Sequence[Session]) -> Iterator[Line]:
    """All lines in the order of time, each session's in its own order."""
    return merge(*(_in_order(session.lines) for session in corpus), key=lambda line: line.at)


def line_counts(rng: random.Random, events: int, sessions: int) -> list[int]:
    """Log-normal numbers of lines, at least `_FEWEST_LINES` each, that add up to `events`."""
    drawn = [rng.lognormvariate(0, _LINES_SIGMA) for _ in range(sessions)]
    spare = events - sessions * _FEWEST_LINES
    if spare < 0:
        raise ValueError(f"{events} events are too few for {sessions} sessions")
    scale = spare / sum(drawn)
    # Rounded so that the rests are not lost: the sum comes out exactly.
    counts, total = [], 0.0
    for share in drawn:
        before = math.floor(total + 0.5)
        total += share * scale
        counts.append(_FEWEST_LINES + math.floor(total + 0.5) - before)
    counts[-1] += events - sum(counts)
    return counts


def _in_order(lines: Sequence[Line]) -> Iterator[Line]:
    """A line is not earlier than the one before it, whatever its clock says: it was appended after it."""
    latest = 0
    for line in lines:
        latest = max(latest, line.at)
        yield line._replace(at=latest)


def _session(number: int, lines: int, seed: int) -> Session:
    rng = random.Random(f"session:{seed}:{number}")
    brand: Brand = "clawdbot" if rng.random() < 0.5 else "openclaw"
    chat = _chat(rng)
    facts = SessionFacts(
        session_id=new_uuid(rng),
        agent_id=chat.agent,
        session_key=chat.session_key(brand),
        channel=chat.channel or None,
        chat_type=chat.kind,
        cwd=WORKSPACES[chat.agent],
        language="en",
        started_at=_DAY_BEGINS + round(rng.triangular(0, _DAY, 15 * _HOUR)),
        scenarios=["-".join(words(rng, 3))],
    )
    transcript = Transcript(facts, DIALECTS[brand], rng, zipf(rng, MODELS), chat)
    transcript.open(zipf(rng, ("low", "medium", "high", "off")))
    while len(transcript.written) < lines:
        if rng.random() < _INCIDENT_SHARE:
            zipf(rng, INCIDENTS, _INCIDENT_EXPONENT)(transcript)
        _turn(transcript, rng, chat)
    written = transcript.written[:lines]
    return Session(facts.session_id, facts.agent_id, brand, [Line(entry.at, number, entry.raw) for entry in written])


def _chat(rng: random.Random) -> Chat:
    chat = zipf(rng, CHATS, 0.5)
    first = replace(chat.people[0], number=chat.people[0].number + rng.randrange(200))
    return replace(chat, people=(first, *chat.people[1:]))


def _turn(transcript: Transcript, rng: random.Random, chat: Chat) -> None:
    """A message, the tool calls that it leads to, a reply."""
    transcript.user(text(rng, 14), zipf(rng, chat.people))
    while rng.random() < _STEP_SHARE:
        calls = [_call(rng) for _ in range(1 + (rng.random() < _SECOND_CALL_SHARE))]
        answers = [tools.answer(call, transcript.dialect, rng, transcript.now, transcript.facts.cwd) for call in calls]
        transcript.step(Step(_thinking(rng), "", calls), list(answers))
    transcript.say(_thinking(rng), text(rng, 30))


def _thinking(rng: random.Random) -> str:
    return text(rng, 20) if rng.random() < _THINKING_SHARE else ""


def _call(rng: random.Random) -> Call:
    tool = zipf(rng, ("exec", "read", "edit", "web_fetch", "web_search", "memory_search"))
    path = "/".join(words(rng, 3)) + ".md"
    if rng.random() < _FAILURE_SHARE:
        return Call("read", {"path": path}, True, f"ENOENT: no such file or directory, open '{path}'")
    match tool:
        case "exec":
            output = text(rng, 25, 1.3) if rng.random() < 0.5 else log_lines(rng, len(text(rng, 4)) // 8 + 1)
            return Call("exec", {"command": " ".join(words(rng, 4))}, False, output)
        case "edit":
            arguments = {"path": path, "oldText": text(rng, 10), "newText": text(rng, 12)}
            return Call("edit", {**arguments}, False, str(rng.randint(1, 400)))
        case "web_fetch":
            return Call("web_fetch", {"url": f"https://{words(rng, 1)[0]}.example/{path}"}, False, text(rng, 40, 1.3))
        case "web_search":
            rows = (f"{' '.join(words(rng, 4))} | https://{word}.example/ | {text(rng, 12)}" for word in words(rng, 3))
            return Call("web_search", {"query": " ".join(words(rng, 4))}, False, "\n".join(rows))
        case "memory_search":
            return Call("memory_search", {"query": " ".join(words(rng, 3))}, False, f"{path} | {text(rng, 15)}")
        case _:
            return Call("read", {"path": path}, False, text(rng, 35, 1.3))
