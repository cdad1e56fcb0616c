"""What is embedded together with a passage, so that it is found by what it is about.

"Yes, on Fridays" answers a question that nobody asks again in these words: what makes a short turn found is the turn
before it. So the turns before come next to the passage, and what is known of the session before them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import PurePosixPath, PureWindowsPath
from typing import TypedDict

from schemas.records import SearchableMessage
from streams.embed.sample import is_output

CountTokens = Callable[[str], int]

# A question and the answer to it.
_MOST_TURNS = 2
# What is kept of a turn: more than any context holds.
_TURN_CHARACTERS = 800
_TITLE_CHARACTERS = 80
_NAME_CHARACTERS = 40
# Fewer tokens of a turn say nothing.
_LEAST_TURN_TOKENS = 8
_CHARACTERS_PER_TOKEN = 8


class Turn(TypedDict):
    """What somebody said, shortened."""

    at: int
    speaker: str
    text: str


class Conversation(TypedDict):
    """What is known of a session's conversation at some point.

    Attributes:
        title: Beginning of what a person said first.
        title_at: When, epoch milliseconds.
        turns: The latest, in the order in which they came.
    """

    title: str | None
    title_at: int
    turns: list[Turn]


def new_conversation() -> Conversation:
    """A conversation in which nothing was said."""
    return Conversation(title=None, title_at=0, turns=[])


def take_turn(conversation: Conversation, message: SearchableMessage) -> None:
    """Takes in what a message says; what tools bring is no turn."""
    if is_output(message) or not message["text"].strip():
        return
    turn = Turn(at=message["timestamp"], speaker=_speaker(message), text=_flat(message["text"], _TURN_CHARACTERS))
    conversation["turns"] = [*conversation["turns"], turn][-_MOST_TURNS:]
    is_first = conversation["title"] is None or message["timestamp"] < conversation["title_at"]
    if message["role"] == "user" and is_first:
        conversation["title"] = _flat(message["text"], _TITLE_CHARACTERS)
        conversation["title_at"] = message["timestamp"]


def context_of(message: SearchableMessage, conversation: Conversation, most: int, count_tokens: CountTokens) -> str:
    """What stands before each passage of a message when it is embedded.

    Args:
        message: The message.
        conversation: As it was before.
        most: Most tokens.
        count_tokens: Tokens of a text.
    """
    # A message that comes again, after the conversation went on, has nothing later before it.
    turns = [turn for turn in conversation["turns"] if turn["at"] <= message["timestamp"]]
    head = " · ".join(_facts(message, conversation, turns))
    last = f"{_speaker(message)}:"
    lines = [head, last] if head else [last]
    room = most - count_tokens("\n".join(lines))
    said: list[str] = []
    for turn in reversed(turns):
        line = _shortened(f"{turn['speaker']}: {turn['text']}", room, count_tokens)
        if not line:
            break
        said.insert(0, line)
        room -= count_tokens(line)
    context = "\n".join([*lines[:-1], *said, last])
    return context if count_tokens(context) <= most else ""


def embedded_text(context: str, passage: str) -> str:
    """What is embedded."""
    return f"{context}\n{passage}" if context else passage


def _facts(message: SearchableMessage, conversation: Conversation, turns: list[Turn]) -> Iterator[str]:
    """Date, channel, folder, and the title unless it is said anyway; what is not known is left out."""
    if date := _date(message["timestamp"]):
        yield date
    for name in (message["channel"], _folder(message["cwd"])):
        if name:
            yield _flat(name, _NAME_CHARACTERS)
    title = conversation["title"]
    if title and not any(turn["text"].startswith(title.rstrip("…")) for turn in turns):
        yield title


def _date(at_ms: int) -> str:
    """Such as 12 March 2026; empty where the transcript does not say, or says what no calendar has."""
    try:
        at = datetime.fromtimestamp(at_ms / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return ""
    return f"{at.day} {at:%B %Y}" if at_ms > 0 else ""


def _speaker(message: SearchableMessage) -> str:
    if is_output(message):
        return _flat(" ".join(["output of", *message["tools_used"][:1]]), _NAME_CHARACTERS)
    return _flat(message["sender_name"] or message["role"].replace("_", " "), _NAME_CHARACTERS)


def _folder(path: str | None) -> str:
    """The last part of a path."""
    if not path:
        return ""
    return (PureWindowsPath if "\\" in path else PurePosixPath)(path).name


def _flat(text: str, most: int) -> str:
    """The beginning of a text as one line."""
    flat = " ".join(text[: 2 * most].split())
    return flat if len(flat) <= most and len(text) <= 2 * most else flat[: most - 1].rstrip() + "…"


def _shortened(text: str, most: int, count_tokens: CountTokens) -> str:
    """The beginning of a text in so many tokens; empty where there is no room for any."""
    if most < _LEAST_TURN_TOKENS:
        return ""
    text = text[: most * _CHARACTERS_PER_TOKEN]
    if count_tokens(text) <= most:
        return text
    # The longest beginning that fits.
    fits, beyond = 0, len(text)
    while beyond - fits > 1:
        middle = (fits + beyond) // 2
        if count_tokens(text[:middle] + "…") <= most:
            fits = middle
        else:
            beyond = middle
    return text[:fits].rpartition(" ")[0] + "…" if " " in text[:fits] else text[:fits] + "…"
