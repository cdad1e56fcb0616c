"""What the conversations are about: screenplays in ``screenplays/*.txt``, read into plain records.

A screenplay is text that a person can write and read. The first characters of a line say what it is::

    == backup-strategy        a scenario begins; its head follows
    agent: ops                whose conversation it is
    lang: en                  en, de, es or ja
    $host: atlas | vega       a slot: {host} becomes one of these, the first most often
    > Which backup do we …    what the person writes; a new turn
    ~ Compare restic and …    what the model thinks
    - Let me look.            what it says beside a tool call
    @ exec {"command": "df"}  a tool call with its arguments (JSON); "@!" fails
    + read {"path": "a.md"}   one more call in the same message; "+!" fails
    | /dev/vda 252G …         what the tool answers
    < We keep three copies…   the reply that ends the turn

Lines of one kind that follow each other are one text. ``{log}``, ``{prose}`` and ``{rows}`` stand for filling of random
length; ``{today}``, ``{yesterday}`` and ``{three_weeks_ago}`` for days, as seen from the session's.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import groupby
from pathlib import Path

from bench.corpus.javascript import Json

_FOLDER = Path(__file__).with_name("screenplays")
_CALL_MARKS = ("@", "@!", "+", "+!")


@dataclass
class Call:
    """A tool call and what comes of it."""

    tool: str
    arguments: dict[str, Json]
    fails: bool
    output: str = ""


@dataclass
class Step:
    """One message of the model that calls tools."""

    thinking: str
    text: str
    calls: list[Call] = field(default_factory=list)


@dataclass
class Turn:
    """From a person's message to the model's reply."""

    user: str
    steps: list[Step] = field(default_factory=list)
    thinking: str = ""
    reply: str = ""


@dataclass
class Scenario:
    """A conversation with a subject."""

    name: str
    agent: str = ""
    language: str = ""
    slots: dict[str, tuple[str, ...]] = field(default_factory=dict)
    turns: list[Turn] = field(default_factory=list)


@cache
def scenarios() -> tuple[Scenario, ...]:
    """All screenplays, in the order of their files."""
    return tuple(
        scenario for path in sorted(_FOLDER.glob("*.txt")) for scenario in parse(path.read_text(encoding="utf-8"))
    )


@cache
def scenarios_for(agent: str, language: str) -> tuple[Scenario, ...]:
    """The screenplays of an agent in a language; those in a foreign language are shared by all agents."""
    return tuple(
        play for play in scenarios() if play.language == language and (play.agent == agent or language != "en")
    )


def parse(text: str) -> Iterator[Scenario]:
    """Reads screenplays.

    Raises:
        ValueError: a line whose mark is unknown, or a call whose arguments are not JSON.
    """
    scenario: Scenario | None = None
    for mark, body in _blocks(text):
        if mark == "==":
            if scenario:
                yield scenario
            scenario = Scenario(body)
        elif scenario:
            _add(scenario, mark, body)
    if scenario:
        yield scenario


def _blocks(text: str) -> Iterator[tuple[str, str]]:
    """Joins neighbouring lines of one kind; heads and calls stand alone."""
    lines = (line for line in text.splitlines() if line.strip() and not line.startswith("#"))
    numbered = enumerate(line.partition(" ") for line in lines)
    for (mark, _), group in groupby(numbered, lambda item: (item[1][0], _alone(item[1][0]) and item[0])):
        yield mark, "\n".join(rest for _, (_, _, rest) in group)


def _alone(mark: str) -> bool:
    return mark in _CALL_MARKS or mark.endswith(":") or mark == "=="


def _add(scenario: Scenario, mark: str, body: str) -> None:
    if mark.endswith(":"):
        _add_head(scenario, mark.rstrip(":"), body)
    elif mark == ">":
        scenario.turns.append(Turn(body))
    elif mark in _CALL_MARKS:
        _add_call(scenario.turns[-1], mark, body)
    else:
        _add_speech(scenario.turns[-1], mark, body)


def _add_head(scenario: Scenario, key: str, value: str) -> None:
    if key.startswith("$"):
        scenario.slots[key[1:]] = tuple(choice.strip() for choice in value.split("|"))
    elif key == "agent":
        scenario.agent = value
    else:
        scenario.language = value


def _add_call(turn: Turn, mark: str, body: str) -> None:
    tool, _, arguments = body.partition(" ")
    if mark.startswith("@") and not (turn.steps and not turn.steps[-1].calls):
        turn.steps.append(Step(turn.thinking, ""))
        turn.thinking = ""
    turn.steps[-1].calls.append(Call(tool, json.loads(arguments), fails=mark.endswith("!")))


def _add_speech(turn: Turn, mark: str, body: str) -> None:
    if mark == "~":
        turn.thinking = body
    elif mark == "-":
        turn.steps.append(Step(turn.thinking, body))
        turn.thinking = ""
    elif mark == "|":
        turn.steps[-1].calls[-1].output = body
    elif mark == "<":
        turn.reply = body
    else:
        raise ValueError(f"unknown mark {mark!r} before {body[:40]!r} in a screenplay")
